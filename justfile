# Short names for scripts/. Every recipe also works without just: run the script itself.

# scripts/env is for bash.
set shell := ["bash", "-c"]

# Lists the recipes.
default:
    @just --list --unsorted

# Installs what building needs (Debian, Ubuntu).
setup:
    scripts/setup

# Builds: all, programs or scenarios.
build what="all":
    scripts/build {{what}}

# Runs a local network with a published site until Ctrl-C.
demo *args:
    scripts/demo {{args}}

# Runs the whole test suite.
test:
    scripts/test

# Runs an end-to-end scenario; lists them without a name.
scenario *args:
    scripts/scenario {{args}}

# Runs random faults on a local network; nothing may be lost.
chaos *args:
    scripts/chaos {{args}}

# Runs a benchmark; all but the weights without a name.
bench *args:
    scripts/bench {{args}}

# Formats all code.
fmt:
    . scripts/env && cargo fmt --all

# Checks format and lints.
lint:
    . scripts/env && cargo fmt --all --check
    . scripts/env && cargo clippy --release --locked --workspace --all-targets -- -D warnings

# Builds the libraries that browsers need for WebAssembly.
wasm:
    scripts/wasm

# Checks licences and sources of all dependencies.
deny:
    scripts/deny

# Builds the documentation.
book *args:
    scripts/book {{args}}

# Runs everything that CI runs.
ci:
    .ci/run
