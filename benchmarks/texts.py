"""What the products under test are fed: prompts and answers drawn from a word list, the same for the same seed.

A prompt has about 25 words and begins with its number, each of its two answers about 150 words; some 2 kB a row.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

SEED = 7
PROMPT_WORDS = 25
ANSWER_WORDS = 150
TEXT = """
a after again air all always animal answer apple around ask at autumn away back bank basket because before begin
below beside better between bird blue boat book both bottle bread bridge bright bring brother build burn bus by
call candle careful carry cat chair change child choose circle city clean clear climb clock close cloud coat cold
colour come cook corner country cross cup cut dance dark day deep desk door down draw dream dress drink drive dry
each early earth east easy eat edge egg eight empty end even evening every eye face fall family far farm fast
father feather field find fire first fish five floor flower fly follow food foot for forest four fresh friend
from fruit full garden gentle give glass go gold good grass great green ground grow half hand happy hard hat
have hear heart heavy help here high hill hold home honest horse hot hour house how hundred ice if in island it
join jump just keep key kind king kitchen know lake lamp land large last late laugh leaf learn leave left letter
light like line listen little long look loud love low lunch make many map market matter maybe measure meet milk
mind minute mirror money month moon more morning mother mountain mouth move much music name narrow near neck
never new next night nine noise north nose not note now number ocean of often old on once one only open orange
other our out over own page paint paper part path pen people piece place plain plan plant play please point poor
quick quiet rain reach read ready red rest rice ride right ring river road roof room root round row run salt same
sand say school sea season second see seed seven shape share sharp sheep ship shirt shoe short side silver simple
sing sister sit six sky sleep slow small smile smooth snow soft some son song soon sound soup south space spoon
spring square stand star start station stay steady step stone story straight street string strong summer sun sure
sweet swim table take talk tall taste tea tell ten than thank the then thick thin thing think three through time
today together tomorrow too tool touch town train travel tree true try turn two under until up use valley very
village visit voice wait walk wall want warm wash watch water way weather well west wet what wheel when where
white who why wide wind window winter wise with wood word work world write year yellow yes yesterday young
"""
WORDS = TEXT.split()


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt and the two answers to be compared."""

    prompt: str
    answers: tuple[str, str]


def pairs(count: int, *, start: int = 0) -> Iterator[Pair]:
    """The pairs numbered `start` to `start + count - 1`. A number always stands for the same pair."""
    for number in range(start, start + count):
        draw = random.Random(SEED * 1_000_003 + number)
        prompt = f"Question {number}. {_sentence(draw, PROMPT_WORDS)[:-1]}?"
        yield Pair(prompt, (_answer(draw), _answer(draw)))


def _answer(draw: random.Random) -> str:
    sentences = []
    left = draw.randint(ANSWER_WORDS - 20, ANSWER_WORDS + 20)
    while left > 0:
        length = min(left, draw.randint(8, 16))
        sentences.append(_sentence(draw, length))
        left -= length
    return " ".join(sentences)


def _sentence(draw: random.Random, length: int) -> str:
    return " ".join(draw.choices(WORDS, k=length)).capitalize() + "."
