# Each target makes an environment if there is none, installs what it needs, and runs.
#   make demo                    a first look, on micrographs that premask makes itself
#   make demo IMAGES=folder      the same on your own
#   make test                    all tests
#   make test-others             that other tools read what premask writes, and the other way round
#   make test-label-studio       against a running Label Studio, which is installed (1 GB)
VENV ?= .venv
PYTHON ?= python3
IMAGES ?=
PYTEST_ARGS ?= -n auto --dist loadfile
# Other tools, each in an environment of its own that is kept: they are large.
OTHERS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/premask-others

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test test-others test-label-studio lint docs screenshots benchmark clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

demo: $(BIN)/python
	$(PIP) install -e ".[cnn]"
	$(BIN)/premask demo premask-demo $(if $(IMAGES),--images "$(IMAGES)")

test: $(BIN)/python
	$(PIP) install -e ".[test]"
	$(BIN)/python -m pytest $(PYTEST_ARGS)

$(OTHERS)/%/done: tests/others/%.txt
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check -q install -r $<
	touch $@

test-others: $(BIN)/python $(foreach tool,cvat-sdk datumaro hub labelbox labelme ome,$(OTHERS)/$(tool)/done)
	$(PIP) install -e ".[test]"
	PREMASK_CVAT_SDK_PYTHON=$(OTHERS)/cvat-sdk/bin/python \
	PREMASK_DATUMARO_PYTHON=$(OTHERS)/datumaro/bin/python \
	PREMASK_HUB_PYTHON=$(OTHERS)/hub/bin/python \
	PREMASK_LABELBOX_PYTHON=$(OTHERS)/labelbox/bin/python \
	PREMASK_LABELME_PYTHON=$(OTHERS)/labelme/bin/python \
	PREMASK_OME_PYTHON=$(OTHERS)/ome/bin/python \
	  $(BIN)/python -m pytest tests/test_other_readers.py tests/test_cvat_server.py \
	  tests/test_dataset_hub.py tests/test_labelbox_sdk.py tests/test_labelbox_server.py \
	  tests/test_raster_readers.py

test-label-studio: $(BIN)/python $(OTHERS)/label-studio/done
	$(PIP) install -e ".[test]"
	PREMASK_LABEL_STUDIO=$(OTHERS)/label-studio/bin/label-studio \
	  $(BIN)/python -m pytest tests/test_label_studio_server.py

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
