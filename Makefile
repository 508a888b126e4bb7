# Two targets are all a newcomer needs: `make demo` and `make test`. What CI runs stands in .ci/run.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Fails where any command of a pipe does; the `bash` of Debian and macOS can do that, not every `sh`.
SHELL := bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A venv that was left half-made, or whose Python is gone, is made anew.
WHOLE := $(and $(wildcard $(VENV)/.installed),$(shell $(BIN)/python -c 'import pip' 2>/dev/null && echo yes))
# Installs what $(1) locks, and counts along: pip itself says nothing for a minute, or two hundred lines.
install_locked = set -o pipefail; $(BIN)/python -m pip --disable-pip-version-check install --progress-bar off \
	--require-hashes --only-binary :all: --no-binary pysyncobj --no-build-isolation -r $(1) | awk -v of="$$(grep -c == $(1))" \
	'/^(Collecting|Processing|Requirement already|Ignoring)/ { n++; if (n % 10 == 0 || n == of) { print "  " n " of " of; fflush() } } \
	/^Installing/ { print "  unpacking"; fflush() }' >&2
CODE := bot handlers runbooks agent shared lab
ARGS ?=
# The tests of the outer ring wait for processes; three at a time on two cores.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile
FULL_RING := not exhaustive and not slow and not browser

.DEFAULT_GOAL := help
.PHONY: help demo test test-all attack fuzz storm coverage browser check format lint types imports rules schema man dashboards keys prove mutants accuracy warnings live chaos chaos-delivery real-nodes \
	nightly bench dist image chart reference generated docs hooks structure lock clean venv

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.installed ## the whole loop on this machine; prints one URL
	@$(BIN)/neumann-bot demo $(ARGS)

test: $(VENV)/.installed-dev ## the quick ring: every test that starts no process and waits for no clock
	@$(PYTEST) $(ARGS)

test-all: $(VENV)/.installed-dev ## both rings: also the tests that start processes or wait for a real clock
	@$(PYTEST) --hypothesis-profile full -m "$(FULL_RING)" $(ARGS)

coverage: $(VENV)/.installed-dev ## the quick ring, and which lines and branches of the product it reaches
	@$(PYTEST) --cov --cov-report=term:skip-covered $(ARGS)

browser: $(VENV)/.installed-dev ## clicks through the demo in Chromium; ARGS=--screenshots takes the pictures anew
	@$(BIN)/python -m pytest tests/browser tests/lab/slack/test_slack_browser.py -m browser -n 2 $(ARGS)

check: $(VENV)/.installed-dev ## format, lint, types, import contract, the quick ring
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) $(ARGS)

format: $(VENV)/.installed-dev ## put the code into shape
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lint: $(VENV)/.installed-dev ## ruff
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev ## mypy: the product strictly, and the bodies of tests and measure
	$(BIN)/mypy

imports: $(VENV)/.installed-dev ## who may import whom
	$(BIN)/lint-imports

rules: ## test the alert rules with promtool
	promtool test rules deploy/prometheus/neumann.rules.test.yml deploy/prometheus/neumann-bot.rules.test.yml

real-nodes: $(VENV)/.installed-dev ## the agent on Debian 12 and 13 with systemd, in containers; ARGS=thread three nodes and the bot, ARGS=clock clocks that are off, ARGS=power power cuts; as root
	@$(BIN)/python -m measure.real_nodes $(ARGS)

schema: $(VENV)/.installed-dev ## write the JSON schemas and the OpenAPI document in docs/ from the code
	$(BIN)/python -m runbooks.evidence_schema docs/evidence.schema.json
	$(BIN)/python -m bot.config.schema docs/neumann-bot.schema.json
	$(BIN)/python -m bot.web.api.openapi docs/openapi.json

man: $(VENV)/.installed-dev ## write the manual pages in deploy/man from the command lines
	@mkdir -p deploy/man
	$(BIN)/python -m measure.man_pages deploy/man

keys: $(VENV)/.installed-dev ## write the table of Redis keys in docs/architecture.md from bot/store/keys.py
	$(BIN)/python -m bot.store.keys

dashboards: $(VENV)/.installed-dev ## write the Grafana dashboards in deploy/grafana/
	$(BIN)/python -m measure.dashboards

prove: $(VENV)/.installed-dev ## the proofs over every link matrix, a minute or two
	$(BIN)/python -m pytest -m exhaustive $(ARGS)

mutants: $(VENV)/.installed-dev ## small wrongs in what decides on a node: does a test notice? half an hour
	@$(BIN)/python -m measure.mutation $(ARGS)

accuracy: $(VENV)/.installed-dev ## how often the diagnosis is right, beside three baselines
	$(BIN)/python -m measure.accuracy $(ARGS)

warnings: $(VENV)/.installed-dev ## how long before a failure the posture warns, and how often for nothing, ten minutes
	@$(BIN)/python -m measure.early_warning $(ARGS)

live: $(VENV)/.installed-dev ## the same on real processes and real faults, ten minutes
	@$(BIN)/python -m measure.accuracy.live $(ARGS)

nightly: $(VENV)/.installed-dev ## ten thousand runs of the state machine over the bot's promises, ten minutes
	@$(BIN)/python -m pytest -q -m slow tests/measure/invariants
	@$(BIN)/python -m measure.invariants.nightly $(ARGS)

chaos: $(VENV)/.installed-dev ## bot, agents, Redis and links failing at every step of a run, an hour or two
	@$(BIN)/python -m measure.chaos.remediation $(ARGS)

chaos-delivery: $(VENV)/.installed-dev ## what lies between Alertmanager and the thread failing at every step, half an hour
	@$(BIN)/python -m measure.chaos.delivery $(ARGS)

attack: $(VENV)/.installed-dev ## the tests named after the rows of the threat model, with memory and times asserted
	@$(PYTEST) -k test_row_ -m "$(FULL_RING)" $(ARGS)

fuzz: $(VENV)/.installed-dev ## ten thousand random writes to the Redis of a bot at work, ten minutes; ARGS="--count N --seed N"
	@$(BIN)/python -m measure.attack.redis_fuzz $(ARGS)

storm: $(VENV)/.installed-dev ## alerts that fire, repeat and end, shuffled, while workers and Redis are killed, two minutes
	@$(BIN)/python -m measure.chaos.storm $(ARGS)

bench: $(VENV)/.installed-dev ## how fast, beside bare limits on the same machine: all, or ARGS="intake storm"
	@$(BIN)/python -m measure.bench $(ARGS)

# Each lock with the build backend, and none with the address of an index: uv.lock would have those.
EXPORT := uv export --quiet --no-header --format requirements-txt --no-emit-project --no-default-groups --group build

lock: ## write the locks anew (needs uv)
	$(EXPORT) -o requirements-agent.txt
	$(EXPORT) --extra bot -o requirements.txt
	$(EXPORT) --extra bot --extra mcp -o requirements-mcp.txt
	$(EXPORT) --extra bot --extra tracing -o requirements-tracing.txt
	$(EXPORT) --extra bot --extra demo -o requirements-demo.txt
	$(EXPORT) --extra bot --extra demo --extra mcp --extra tracing --group dev -o requirements-dev.txt
	$(subst --group build,--only-group chart,$(EXPORT)) -o requirements-chart.txt
	uv export --quiet --no-header --format requirements-txt --only-group docs -o requirements-docs.txt
	rm -f uv.lock

reference: $(VENV)/.installed-dev ## write docs/reference/ and the pictures of a terminal and a thread from the code
	@mkdir -p docs/reference
	$(BIN)/python -m measure.docs_site.references
	@$(BIN)/python -m measure.docs_site.screens docs/images
	@$(BIN)/python -m measure.docs_site.pictures docs/images

generated: schema keys man dashboards reference ## all that is written from the code, anew

docs: $(VENV)/.installed-docs ## the documentation's site, into site/; a broken link or a page that needs the net fails
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/mkdocs build --strict
	@$(BIN)/python -m measure.docs_site.offline site

# Checksums of whatever was built so far.
sums = cd dist && rm -f SHA256SUMS && sha256sum * > SHA256SUMS && cat SHA256SUMS

dist: $(VENV)/.installed-dev ## build what a release attaches: wheel and its locks, the agent's package, sources, bill of materials, checksums
	@rm -rf dist && mkdir dist
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .
	@if command -v dpkg-deb >/dev/null; then deploy/debian/build $(BIN)/python dist/*.whl dist; fi
	@$(BIN)/python -m measure.sbom dist/neumann-bot.cdx.json
	@git archive --format=tar.gz --prefix=neumann-bot/ --output=dist/neumann-bot.tar.gz HEAD
	@cp requirements.txt requirements-mcp.txt requirements-tracing.txt dist/
	@$(sums)

chart: $(VENV)/.installed-chart ## lint, render and check the Helm chart with Helm's own library, and pack it into dist/
	@$(BIN)/python -m pytest -q -n 0 -m process tests/deploy/test_chart.py tests/deploy/test_on_api_server.py $(ARGS)
	@mkdir -p dist
	@$(BIN)/python -m measure.chart package dist 2>/dev/null
	@$(sums)

image: $(VENV)/.installed ## the bot as an OCI image, without daemon and registry; as root, with buildah and mmdebstrap
	@mkdir -p dist
	@deploy/image/build $(BIN)/python dist
	@$(sums)

hooks: $(VENV)/.installed-dev ## check format, lint, types and imports before each commit
	@$(BIN)/pre-commit install

structure: $(VENV)/.installed-dev ## rooms, arrows and circles of each package
	@$(BIN)/python -m measure.structure $(ARGS)

clean: ## take away what was built
	rm -rf $(VENV) build dist site *.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

venv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing: install it, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is no Python 3.11 or newer: name another one: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module: install it (Debian: apt install python3-venv)" >&2; exit 2; }
	@echo "making the virtual environment" >&2
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements-agent.txt requirements-demo.txt pyproject.toml $(if $(WHOLE),,venv)
	@# The first brings the build backend; pysyncobj alone, which is plain Python, has no wheel.
	@echo "installing what an agent needs, locked by hash" >&2
	@$(call install_locked,requirements-agent.txt)
	@echo "installing what the bot and the demo need (a minute on a slow line)" >&2
	@$(call install_locked,requirements-demo.txt)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "installing the tools of development" >&2
	@$(call install_locked,requirements-dev.txt)
	@touch $@

$(VENV)/.installed-chart: requirements-chart.txt $(VENV)/.installed-dev
	@echo "installing Helm's library and Kubernetes' schemas (100 MB)" >&2
	@$(call install_locked,requirements-chart.txt)
$(VENV)/.installed-docs: requirements-docs.txt $(VENV)/.installed
	@echo "installing what makes the site" >&2
	@$(call install_locked,requirements-docs.txt)
	@touch $@
