// Which modules serve which form. A module is a class:
//   constructor(form, { say, text, problem })   the form is filled already; its controls hold the truth
//   act({ name, digit })                        what a key asks for; true if it meant something here
//   check()                                     "" when the answer may be sent, else the sentence that says what is missing
// and what it changes it announces with a bubbling `change` event, so that drafts are kept and old complaints go away.

import { Best } from "./best.js";
import { Pair } from "./pair.js";
import { Ranking } from "./ranking.js";
import { Ratings } from "./ratings.js";
import { Reason } from "./reason.js";
import { Writing } from "./writing.js";

// By #workbench[data-instrument].
const INSTRUMENTS = { pair: Pair, ranking: Ranking, best: Best };
// What a form may ask besides, whatever its instrument: [selector of the part inside the form, class].
const BESIDES = [[".rating", Ratings], [".writing", Writing], ["#reason[data-required-from]", Reason]];

/** The modules of the comparison on screen: its instrument first, then what is asked besides. */
export function modulesOf(root, form, tools) {
  const Instrument = INSTRUMENTS[root.dataset.instrument];
  const besides = BESIDES.filter(([selector]) => form.querySelector(selector)).map(([, Part]) => Part);
  return [...(Instrument ? [Instrument] : []), ...besides].map((Part) => new Part(form, tools));
}
