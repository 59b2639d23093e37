// polkadot-api with a node: connects, reads the chain and a name, transfers, and waits for finality.
import WebSocket from "ws"; // Node 20 has no built-in client.
import { createClient } from "polkadot-api";
import { getPolkadotSigner } from "polkadot-api/signer";
import { getWsProvider } from "polkadot-api/ws";
import { AMOUNT, SS58_PREFIX, accounts, expect, report, run } from "./common.mjs";

run("papi", async (url, label) => {
  const client = createClient(getWsProvider(url, { websocketClass: WebSocket }));
  const api = client.getUnsafeApi();
  const { sender, receiver } = await accounts();

  const spec = await client.getChainSpecData();
  report("chain", spec.name);
  const version = await api.constants.System.Version();
  expect(version.spec_name === "meganet", "the runtime is Meganet's", version.spec_name);
  const prefix = await api.constants.System.SS58Prefix();
  expect(Number(prefix) === SS58_PREFIX, "the address prefix is ours", String(prefix));

  // Our own runtime APIs and RPC methods, as visible to an unmodified client.
  const params = await api.apis.StorageApi.params();
  expect(params.epoch_blocks > 0, "storage parameters are read", String(params.epoch_blocks));
  const stats = await client._request("storage_v1_stats", []);
  expect(stats.block.finalized === true, "totals are read at a final block", stats);
  const absent = await client._request("name_v1_resolve", ["no-such-name-here"]);
  expect(absent === null, "a name that nobody owns is null", absent);
  if (label) {
    const name = await client._request("name_v1_resolve", [label]);
    expect(name?.label === label, "the name is resolved", name);
    report("name_owner", name.owner);
  }

  const signer = getPolkadotSigner(sender.publicKey, "Sr25519", (data) => sender.sign(data));
  const transfer = api.tx.Balances.transfer_keep_alive({
    dest: { type: "Id", value: receiver.address },
    value: AMOUNT,
  });
  const outcome = await transfer.signAndSubmit(signer);
  expect(outcome.ok, "the transfer succeeds", outcome.dispatchError);
  report("block", outcome.block.number);
  const account = await api.query.System.Account.getValue(receiver.address);
  expect(account.data.free === AMOUNT, "the receiver owns what was sent", String(account.data.free));
  report("receiver", receiver.address);
  report("received", account.data.free.toString());
  client.destroy();
});
