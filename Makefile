# Each target makes an environment if there is none, installs what it needs, and runs.
#   make demo                    a first look, on micrographs that premask makes itself
#   make demo IMAGES=folder      the same on your own
#   make test                    all tests
#   make test-others             that other tools read what premask writes, and the other way round
#   make test-label-studio       against a running Label Studio, which is installed (1 GB)
#   make test-labelbox           against Labelbox's SDK, which is installed (400 MB)
VENV ?= .venv
PYTHON ?= python3
IMAGES ?=
PYTEST_ARGS ?= -n auto --dist loadfile
# Other tools, each in an environment of its own that is kept: they are large.
OTHERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/premask-others

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

DATUMARO := $(OTHERS)/datumaro@1.13.12
LABELME := $(OTHERS)/labelme@6.3.1
HUB := $(OTHERS)/hub
LABEL_STUDIO := $(OTHERS)/label-studio@1.23.2
LABELBOX := $(OTHERS)/labelbox@7.17.0

.PHONY: demo test test-others test-label-studio test-labelbox lint docs screenshots benchmark clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

demo: $(BIN)/python
	$(PIP) install -e ".[cnn]"
	$(BIN)/premask demo premask-demo $(if $(IMAGES),--images "$(IMAGES)")

test: $(BIN)/python
	$(PIP) install -e ".[test]"
	$(BIN)/python -m pytest $(PYTEST_ARGS)

$(HUB)/done:
	$(PYTHON) -m venv $(HUB)
	$(HUB)/bin/python -m pip --disable-pip-version-check -q install datasets==5.2.0 mlcroissant==1.1.1 \
	  cffconvert==2.0.0 pillow
	touch $@

$(OTHERS)/%/done:
	$(PYTHON) -m venv $(dir $@)
	$(dir $@)bin/python -m pip --disable-pip-version-check -q install $(subst @,==,$*)
	touch $@

test-others: $(BIN)/python $(DATUMARO)/done $(LABELME)/done $(HUB)/done
	$(PIP) install -e ".[test]"
	PREMASK_DATUMARO_PYTHON=$(DATUMARO)/bin/python PREMASK_LABELME_PYTHON=$(LABELME)/bin/python \
	  PREMASK_HUB_PYTHON=$(HUB)/bin/python \
	  $(BIN)/python -m pytest tests/test_other_readers.py tests/test_dataset_hub.py

test-label-studio: $(BIN)/python $(LABEL_STUDIO)/done
	$(PIP) install -e ".[test]"
	PREMASK_LABEL_STUDIO=$(LABEL_STUDIO)/bin/label-studio \
	  $(BIN)/python -m pytest tests/test_label_studio_server.py

# What the SDK checks masks with is an extra of it.
$(LABELBOX)/done:
	$(PYTHON) -m venv $(dir $@)
	$(dir $@)bin/python -m pip --disable-pip-version-check -q install "labelbox[data]==7.17.0"
	touch $@

test-labelbox: $(BIN)/python $(LABELBOX)/done
	$(PIP) install -e ".[test]"
	PREMASK_LABELBOX_PYTHON=$(LABELBOX)/bin/python $(BIN)/python -m pytest tests/test_labelbox_sdk.py

lint: $(BIN)/python
	$(PIP) install -e ".[dev]"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py check lint test
	$(BIN)/codespell src tests docs benchmarks README.md CONTRIBUTING.md CHANGELOG.md

docs: $(BIN)/python
	$(PIP) install -e ".[docs]"
	$(BIN)/zensical build --clean

screenshots: $(BIN)/python
	$(PIP) install -e ".[test]"
	$(BIN)/python docs/make_screenshots.py

benchmark: $(BIN)/python
	$(PIP) install -e ".[test]"
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf .venv frontend/node_modules src/premask/server/static premask-demo site .pytest_cache .mypy_cache .ruff_cache
