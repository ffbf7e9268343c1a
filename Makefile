PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# mish costs most here, and the demo has to end soon on two cores.
DEMO := --data digits --activations relu,leaky_relu,elu,gelu,swish,tanh,sigmoid --seeds 5

.PHONY: demo test lint format bench sanitize diagnoses claims study-claims certificates study-init \
  study-signal docs browser picture show-picture clean

demo: $(READY)  ## Compare activations on embedded data
	$(BIN)/nonlin compare $(DEMO)

test: $(READY) browser  ## Run the tests
	$(BIN)/pytest -n auto

lint: $(READY)  ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The native kernels under the address and undefined-behaviour sanitizers.
sanitize: $(READY)
	PATH="$(abspath $(BIN)):$$PATH" cmake -S native -B build/sanitize -DNONLIN_DRIVER=ON \
	  -DNONLIN_SANITIZE=address,undefined -DNONLIN_ONLY=-march=native
	PATH="$(abspath $(BIN)):$$PATH" cmake --build build/sanitize
	build/sanitize/driver

bench: $(READY)  ## Measure; writes benchmarks/results/
	$(BIN)/python benchmarks/kernels.py
	$(BIN)/python benchmarks/compare_overhead.py
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/commands.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))

diagnoses: $(READY)  ## Recall, precision, repairs and overhead of nonlin watch; writes benchmarks/results/
	$(BIN)/python benchmarks/diagnose/run.py --json benchmarks/results/diagnose.json
	$(BIN)/python benchmarks/diagnose/run.py --unseen --json benchmarks/results/diagnose_unseen.json
	$(BIN)/python benchmarks/diagnose/peers/run.py --json benchmarks/results/diagnose_peers.json
	$(BIN)/python benchmarks/diagnose/repairs.py --json benchmarks/results/diagnose_repairs.json
	$(BIN)/python benchmarks/diagnose/architectures.py --json benchmarks/results/diagnose_architectures.json
	$(BIN)/python benchmarks/diagnose/overhead.py --json benchmarks/results/diagnose_overhead.json

docs: $(READY)  ## Write the catalogue's pages to build/docs/
	$(BIN)/python docs/build.py

certificates: $(READY)  ## Certify PyTorch's, JAX's and nonlin's functions; writes docs/certificates/
	$(BIN)/python benchmarks/certificates.py --exhaustive

study-init: $(READY)  ## 50 plain layers on MNIST: make study-init DATA_DIR=...; resumes
	$(BIN)/python benchmarks/init_study.py --data-dir $(DATA_DIR)

study-signal: $(READY)  ## Theory against networks of width 2,000, every smooth record
	$(BIN)/python benchmarks/signal_study.py

claims: $(READY)  ## Write the pages of docs/claims/ from the data beside them
	$(BIN)/nonlin claims page

study-claims: $(READY)  ## Full run of the claims: make study-claims DATA_DIR=... [CLAIMS="2 9"]; resumes
	$(BIN)/nonlin claims run $(or $(CLAIMS),all) --full --data-dir $(DATA_DIR) --out docs/claims

picture: $(READY) browser  ## Redraw the README picture: make picture REPORT=.../report.html
	$(BIN)/python docs/picture.py $(REPORT) docs/report.png 1360

show-picture: $(READY) browser  ## Redraw the README picture of `nonlin show`
	@mkdir -p build
	$(BIN)/nonlin show relu gelu mish --html build/show.html
	$(BIN)/python docs/picture.py build/show.html docs/show.png 1000

$(READY): pyproject.toml constraints.txt native/CMakeLists.txt $(wildcard native/src/* native/src/*/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "nonlin needs Python 3.11 or newer; found $$($(PYTHON) --version): make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	# Tests read the file of timm's activations; what timm itself needs would not fit this torch.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps timm
	@touch $(READY)

# The report's tests open it in a real browser: the system's Chromium, or Playwright's own.
browser: $(READY)
	@command -v chromium >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || \
	  $(BIN)/playwright install chromium

clean:
	rm -rf $(VENV) build dist
