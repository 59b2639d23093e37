// Shared by the checks of both clients: the arguments, the paying account, and a deadline.
import { Keyring } from "@polkadot/keyring";
import { cryptoWaitReady } from "@polkadot/util-crypto";

/** The prefix of the chain's addresses. */
export const SS58_PREFIX = 6342;
/** The amount that is sent: 1.5 MEGA, in planck. */
export const AMOUNT = 1_500_000_000_000n;
/** Seconds that everything may take together. */
const DEADLINE = 90;

/** Fails the check with what was seen. */
export function expect(condition, what, seen) {
  if (!condition) throw new Error(`${what}; seen: ${typeof seen === "string" ? seen : JSON.stringify(seen)}`);
}

/** Prints a `key: value` line, as the scenarios do. */
export function report(key, value) {
  console.log(`${key}: ${value}`);
}

/** A new account for every run, so that what it owns afterwards is exactly what was sent. */
export async function accounts() {
  await cryptoWaitReady();
  const keyring = new Keyring({ type: "sr25519", ss58Format: SS58_PREFIX });
  return { sender: keyring.addFromUri("//Alice"), receiver: keyring.addFromUri(`//client-check//${Date.now()}-${process.pid}`) };
}

/** Runs a check against the node of the command line, and ends the process with its outcome. */
export function run(name, check) {
  const [url, label] = process.argv.slice(2);
  if (!url) {
    console.error(`usage: node ${name}.mjs ws://HOST:PORT [LABEL]   (LABEL: a registered name to be read)`);
    process.exit(2);
  }
  const late = setTimeout(() => {
    console.error(`${name}: no end after ${DEADLINE} s: is a node answering at ${url}, and does it make blocks?`);
    process.exit(1);
  }, DEADLINE * 1000);
  check(url, label).then(
    () => {
      clearTimeout(late);
      report(name, "ok");
      process.exit(0);
    },
    (error) => {
      console.error(`${name}: ${error?.stack ?? error}`);
      process.exit(1);
    },
  );
}
