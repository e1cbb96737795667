# What a newcomer types. Each target sets up what it needs; `make install` is what the others do first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
DATA ?=
KILL ?=
WORKERS ?=
VENV := .venv
BIN := $(VENV)/bin
export PORT

.PHONY: install install-dev run test check loop bench bench-reward-model format messages screenshots clean

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Plumbline needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt requirements-web.txt constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt -c constraints.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	touch $@

run: install
	@$(BIN)/python manage.py first_start
	@exec $(BIN)/python -m config.processes

test: install-dev
	$(BIN)/python -m pytest $(if $(WORKERS),-n $(WORKERS) --dist loadfile)

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m tests.import_everything

loop: install
	@$(BIN)/python -m finetuning.loop $(if $(DATA),--data $(DATA)) $(if $(KILL),--kill)

bench: install-dev
	$(BIN)/python -m benchmarks

bench-reward-model: install-dev
	$(BIN)/python -m benchmarks reward_training

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: install-dev
	$(BIN)/python -m config.messages

screenshots: install-dev loop
	$(BIN)/python docs/screenshots.py
	$(BIN)/python docs/screenshots.py --loop

clean:
	rm -rf $(VENV)
