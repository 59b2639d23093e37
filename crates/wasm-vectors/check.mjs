// Runs the checks of a Wasm module of this crate: node check.mjs MODULE
import { readFileSync } from "node:fs";

const module = await WebAssembly.compile(readFileSync(process.argv[2]));
// Randomness comes from JavaScript by functions that wasm-bindgen would provide. The vectors need none.
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = () => {
        throw new Error(`${from}.${name} was called: the vectors need no JavaScript`);
    };
}
const { exports } = await WebAssembly.instantiate(module, imports);

for (const check of ["check_objects", "check_name_proofs"]) {
    const began = performance.now();
    const checked = exports[check]();
    if (checked <= 0) {
        console.error(`${check}: vector ${-checked} has another result in Wasm than in its file`);
        process.exit(1);
    }
    console.log(`${check}: ${checked} vectors, ${Math.round(performance.now() - began)} ms`);
}
