// @polkadot/api with a node: connects, reads the chain and a name, transfers, and waits for finality.
import { ApiPromise, WsProvider } from "@polkadot/api";
import { AMOUNT, SS58_PREFIX, accounts, expect, report, run } from "./common.mjs";

run("pjs", async (url, label) => {
  const provider = new WsProvider(url);
  const api = await ApiPromise.create({ provider, noInitWarn: true });
  const { sender, receiver } = await accounts();

  report("chain", (await api.rpc.system.chain()).toString());
  expect(api.runtimeVersion.specName.toString() === "meganet", "the runtime is Meganet's", api.runtimeVersion);
  expect(api.registry.chainSS58 === SS58_PREFIX, "the address prefix is ours", String(api.registry.chainSS58));
  expect(api.registry.chainTokens[0] === "MEGA", "the token is ours", api.registry.chainTokens);

  const { methods } = await api.rpc.rpc.methods();
  const served = methods.map(String);
  for (const method of ["name_v1_resolve", "name_v1_list", "storage_v1_group", "storage_v1_workers", "storage_v1_stats"])
    expect(served.includes(method), `rpc_methods lists ${method}`, served.length);
  const stats = await provider.send("storage_v1_stats", []);
  expect(stats.block.finalized === true, "totals are read at a final block", stats);
  const names = await provider.send("name_v1_list", [sender.address]);
  expect(Array.isArray(names.names), "an account's names are listed", names);
  if (label) {
    const name = await provider.send("name_v1_resolve", [label]);
    expect(name?.label === label, "the name is resolved", name);
    report("name_owner", name.owner);
  }

  const block = await new Promise((resolve, reject) => {
    api.tx.balances
      .transferKeepAlive(receiver.address, AMOUNT)
      .signAndSend(sender, { nonce: -1 }, ({ status, dispatchError, isError }) => {
        if (dispatchError) reject(new Error(`the transfer fails: ${dispatchError}`));
        else if (isError) reject(new Error(`the transfer is refused: ${status.type}`));
        else if (status.isFinalized) resolve(status.asFinalized);
      })
      .catch(reject);
  });
  report("block", (await api.rpc.chain.getHeader(block)).number.toString());
  const account = await api.query.system.account(receiver.address);
  expect(account.data.free.toBigInt() === AMOUNT, "the receiver owns what was sent", account.data.free.toString());
  report("receiver", receiver.address);
  report("received", account.data.free.toString());
  await api.disconnect();
});
