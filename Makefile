# What a developer and a curious stranger run. "make" lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder
BENCH_ARGS ?=
FUZZ_ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Where it is set, every process of the tests compiles all of handgen anew.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help demo latin chinese cyclegan digits weights hands transfer fewshot trust test readme lint format types build \
	release wheel bench fuzz reference docs hooks clean distclean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/demo.installed ## A checked Chinese set of the default recipe and its report in ./demo, in a minute on a CPU.
	$(BIN)/python -m examples.demo.run

latin: $(VENV)/demo.installed ## The article's Latin experiment: 26 hands, every remedy; about an hour on two cores.
	$(BIN)/python -m examples.latin_bicyclegan.run

cyclegan: $(VENV)/demo.installed ## CycleGAN from Heiti to a hand, unpaired.
	$(BIN)/python -m examples.cyclegan_unpaired.run

weights: $(VENV)/demo.installed ## Train the weights that come with handgen again, in ./weights; hours on a CPU.
	$(BIN)/python -m examples.weights.run recognizer article zh latin

hands: $(VENV)/demo.installed ## Trace the hands that come with handgen again; needs npm; fetching fonts takes longest.
	$(BIN)/python -m handgen fonts fetch zh
	$(BIN)/python -m handgen fonts fetch en
	$(BIN)/python -m examples.hands.run latin
	$(BIN)/python -m examples.hands.run han

chinese: $(VENV)/dev.installed ## The article's Chinese experiment: 15 hands, both stages, every loss; hours on a CPU.
	$(BIN)/python -m examples.weights.run recognizer article
	$(BIN)/python -m examples.chinese_zi2zi.run

digits: $(VENV)/demo.installed ## DCGAN beside WGAN on handwritten digits.
	$(BIN)/python -m examples.digits_gan.run

transfer: $(VENV)/dev.installed ## What training sets are worth on real digits.
	$(BIN)/python -m examples.transfer.run

fewshot: $(VENV)/dev.installed ## A new hand for the weights zh, from 30, 100 and 300 glyphs; minutes on a CPU.
	$(BIN)/python -m handgen fonts fetch zcool-kuaile zcool-xiaowei
	$(BIN)/python -m examples.fewshot.run --base zh

trust: $(VENV)/dev.installed ## Losses against lost strokes, and how far the gate helps; hours on a CPU.
	$(BIN)/python -m examples.trust.losses
	$(BIN)/python -m examples.weights.run recognizer article
	$(BIN)/python -m examples.trust.distance weights/article/run --recognizer weights/recognizer/run

test: $(VENV)/dev.installed ## Run the whole test suite.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PYTEST_ARGS)

readme: $(VENV)/dev.installed ## Run every command of README.md as printed, in an empty folder with an empty home, offline.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m readme tests/test_readme_run.py

lint: $(VENV)/dev.installed ## Look for mistakes, for unformatted code, and for imports that go up.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

format: $(VENV)/dev.installed ## Format the code and mend what can be mended.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/dev.installed ## Check the type hints.
	$(BIN)/mypy

build: $(VENV)/dev.installed ## Build the source archive and the wheel in ./dist.
	$(BIN)/hatchling build

release: $(VENV)/release.installed ## Build, check what the package says of itself, and try the wheel without this clone.
	rm -rf dist
	@echo "release 1/4: the source archive"
	$(BIN)/hatchling build -t sdist -d dist
	@echo "release 2/4: the wheel, from that archive"
	mkdir -p dist/source && tar -xzf dist/*.tar.gz -C dist/source --strip-components 1
	cd dist/source && $(abspath $(BIN))/hatchling build -t wheel -d $(CURDIR)/dist
	rm -rf dist/source
	@echo "release 3/4: what the package says of itself"
	$(BIN)/twine check --strict dist/*
	@echo "release 4/4: the wheel in a fresh environment; pip fetches PyTorch, which takes longest"
	OMP_NUM_THREADS=1 $(BIN)/python .ci/try_wheel.py --fresh dist/*.whl
	@echo "release: ready to upload:" && ls -l dist

wheel: $(VENV)/dev.installed ## Try the wheel without this clone and without a network, in less than a minute.
	$(BIN)/hatchling build -t wheel -d dist/tried
	OMP_NUM_THREADS=1 $(BIN)/python .ci/try_wheel.py dist/tried/*.whl

fuzz: $(VENV)/dev.installed ## Run ten thousand damaged files of every kind through the commands; hours.
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.fuzz $(FUZZ_ARGS)

bench: $(VENV)/dev.installed ## Time handgen beside what it replaces; on an idle machine, about ten minutes.
	$(BIN)/python -m benchmarks --trdg $(VENV)/trdg $(BENCH_ARGS)

reference: $(VENV)/dev.installed ## Write docs/cli.md and docs/trainers anew, from the command line and the rules themselves.
	$(BIN)/python -m docs.reference

docs: $(VENV)/docs.installed ## Build the documentation as a site, in ./site; a warning is an error.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --clean

hooks: $(VENV)/dev.installed ## Run linter, formatter and type check at every commit.
	$(BIN)/pre-commit install

clean: ## Delete caches and built files.
	rm -rf build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find handgen tests benchmarks docs examples -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Delete the environment and the demo, too.
	rm -rf $(VENV) demo

# A release is built and checked by these two; handgen itself is tried in an environment of its own.
$(VENV)/release.installed: constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt hatchling twine
	touch $@

$(VENV)/%.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt -e '.[$*]'
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
