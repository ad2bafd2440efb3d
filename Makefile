# Everything runs through env.sh, which pins Go and finds the lab's tools, and sees only .lab and Go's own caches.
KERNEL := notebooks/kernel
RUN    := $(KERNEL)/env.sh
VENV   := .lab/venv/bin/python

PORT       ?= 8888
BROWSER    ?= yes
FOLDER     ?= notebooks/work
NOTEBOOKS  ?= notebooks/*.ipynb
BENCH      ?= .
PEERS      ?= sinkhorn imagenet
ROWS       ?=
ROUNDS     ?= 10
FUZZ       ?= .
EXECUTIONS ?= 1000000

.DEFAULT_GOAL := help
.PHONY: help lab work setup setup-browser test browser soak fuzz accept notebooks gallery bench bench-peers clean

help: ## this list
	@echo 'wflowlab: Wasserstein gradient flows in Go, in notebooks'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  make lab PORT=8889 BROWSER=no PYTHON=python3.12    another port, no browser, a Python of your choice'
	@echo '  make lab FOLDER=notebooks                          the notebooks themselves, for authors, not working copies'
	@echo '  make notebooks NOTEBOOKS=notebooks/03*.ipynb       only some'
	@echo '  make bench BENCH=Solve                             only some, by regular expression'
	@echo '  make bench-peers PEERS=imagenet                    only one half'
	@echo '  make bench-peers PEERS=imagenet ROWS=step          only rows with a word, printed, not stored'
	@echo '  make accept PARTS=digits                           only these parts: notebooks, or names that accept.py lists'
	@echo '  make soak ROUNDS=2                                 fewer rounds'
	@echo '  make fuzz FUZZ=NPY EXECUTIONS=20000                some targets, fewer executions'

lab: work ## install what the notebooks need into .lab, then serve them in JupyterLab
	@$(RUN) $(VENV) $(KERNEL)/serve.py $(PORT) $(BROWSER) $(FOLDER)

work: setup ## the working copies of the notebooks, in notebooks/work: new ones, and new versions of those you have not changed
	@$(RUN) $(VENV) $(KERNEL)/work.py $(FOLDER)

setup: # what lab does before it serves
	@$(RUN) $(KERNEL)/setup.sh

setup-browser: # the same, and what drives a browser in tests
	@$(RUN) $(KERNEL)/setup.sh browser

test: setup-browser ## all checks and tests, every notebook at its small size; ends with a count
	@$(RUN) $(VENV) $(KERNEL)/test.py

browser: setup-browser ## only the tests in a browser; their last pictures go to .lab/browser
	@$(RUN) $(VENV) -m unittest discover -v -s $(KERNEL) -p 'browser*_test.py'

soak: setup ## the Go tests ten times, under load, with 1, 2 and 16 processors and the race detector (an hour or so)
	@$(RUN) $(VENV) $(KERNEL)/soak.py $(ROUNDS)

fuzz: setup ## a million executions of every fuzz target (an hour and a half)
	@$(RUN) $(VENV) $(KERNEL)/fuzz.py $(EXECUTIONS) '$(FUZZ)'

accept: setup ## the numbers that the project stands by, full size, three seeds, to notebooks/accept.json
	@$(RUN) $(VENV) $(KERNEL)/accept.py $(PARTS)

notebooks: setup ## run every notebook at full size and store its outputs
	@$(RUN) $(VENV) $(KERNEL)/run.py --inplace --json .lab/notebooks.json $(NOTEBOOKS)

gallery: setup ## the notebooks as pages, as they are stored, to .lab/gallery
	@$(RUN) $(VENV) $(KERNEL)/run.py --check notebooks/[0-9]*.ipynb
	@$(RUN) $(VENV) $(KERNEL)/gallery.py

bench: setup ## all benchmarks
	@$(RUN) go test -p 1 -run '^$$' -bench '$(BENCH)' -benchmem ./...

bench-peers: setup ## ours and other libraries side by side, to BENCHMARKS.md beside them (6 GB, some 90 minutes)
	@status=0; for part in $(PEERS); do ROWS='$(ROWS)' $(RUN) $$part/peers/run.sh || status=1; done; exit $$status

clean: ## remove .lab; Go's own caches stay
	rm -rf .lab
