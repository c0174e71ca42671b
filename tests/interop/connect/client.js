// Checks of a Connect server by connect-es and, over the same connection, by what a browser would send.
//   node client.js DESCRIPTORS ADDRESS [--binary]
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { compressionGzip, createConnectTransport } from "@connectrpc/connect-node";
import { check, equal, failed, service } from "./check.js";

const [descriptors, address] = process.argv.slice(2);
const baseUrl = `http://${address}`;
const useBinaryFormat = process.argv.includes("--binary");
const options = { baseUrl, httpVersion: "1.1", useBinaryFormat };
const arith = createClient(service(descriptors), createConnectTransport(options));
const packed = createClient(
  service(descriptors),
  createConnectTransport({ ...options, sendCompression: compressionGzip, compressMinBytes: 0 }),
);

async function failure(call) {
  try {
    await call();
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("it succeeded");
}

const everything = {
  yes: true,
  whole: -(2n ** 63n),
  natural: 2n ** 64n - 1n,
  small: -7,
  real: 0.1,
  text: 'quote " \u00e4 \u65e5 \u{1f600} \u2028 \n\t </script>',
  data: new Uint8Array([0, 255, 97]),
  list: ["", "x"],
  table: { "": 1n, big: 2n ** 62n },
  some: { a: 1n, b: 2n },
};

function same(reply) {
  for (const key of ["yes", "whole", "natural", "small", "real", "text"]) equal(reply[key], everything[key], key);
  equal(Buffer.from(reply.data).toString("hex"), "00ff61", "data");
  equal(reply.list.join("|"), "|x", "list");
  equal(reply.table.big, everything.table.big, "table");
  equal(reply.some.b, 2n, "some");
}

await check("calls", async () => {
  equal((await arith.multiply({ a: 6n, b: 7n })).value, 42n, "6*7");
  equal((await arith.multiply({})).value, 0n, "nothing");
  equal((await arith.multiply({ a: -(2n ** 40n), b: 3n })).value, -3n * 2n ** 40n, "large");
});
await check("everything", async () => {
  same(await arith.echo(everything));
  const empty = await arith.echo({});
  equal(empty.text, "", "text");
  equal(empty.some, undefined, "some");
});
await check("gzip", async () => {
  same(await packed.echo(everything));
  const text = "x".repeat(1 << 20);
  equal((await packed.echo({ text })).text, text, "a mebibyte");
  equal((await arith.echo({ text })).text, text, "a mebibyte back");
});
await check("errors", async () => {
  for (const [name, code] of Object.entries({
    canceled: Code.Canceled, unknown: Code.Unknown, invalid_argument: Code.InvalidArgument,
    deadline_exceeded: Code.DeadlineExceeded, not_found: Code.NotFound, already_exists: Code.AlreadyExists,
    permission_denied: Code.PermissionDenied, resource_exhausted: Code.ResourceExhausted,
    failed_precondition: Code.FailedPrecondition, aborted: Code.Aborted, out_of_range: Code.OutOfRange,
    unimplemented: Code.Unimplemented, internal: Code.Internal, unavailable: Code.Unavailable,
    data_loss: Code.DataLoss, unauthenticated: Code.Unauthenticated,
  })) {
    const error = await failure(() => arith.fail({ code: name, message: `why "${name}" \u00e4` }));
    equal(error.code, code, name);
    equal(error.rawMessage, `why "${name}" \u00e4`, name);
    equal(error.metadata.get("x-header"), "in front", `the header of ${name}`);
    equal(error.metadata.get("x-trailer"), "behind", `the trailer of ${name}`);
  }
});
await check("metadata", async () => {
  const seen = {};
  const reply = await arith.metadata(
    { key: "x-key" },
    {
      headers: { "X-Key": "a value" },
      onHeader: (headers) => (seen.header = headers.get("x-header")),
      onTrailer: (trailers) => (seen.trailer = trailers.get("x-trailer")),
    },
  );
  equal(reply.value, "a value", "the reply");
  equal(seen.header, "a value", "the header");
  equal(seen.trailer, "a value", "the trailer");
});
await check("deadline", async () => {
  const begun = Date.now();
  equal((await failure(() => arith.sleep({ milliseconds: 20000n }, { timeoutMs: 100 }))).code, Code.DeadlineExceeded);
  equal(Date.now() - begun < 10000, true, "it waited");
  await arith.sleep({ milliseconds: 1n }, { timeoutMs: 60000 });
});
await check("cancel", async () => {
  const controller = new AbortController();
  const error = failure(() => arith.sleep({ milliseconds: 20000n }, { signal: controller.signal }));
  setTimeout(() => controller.abort(), 50);
  equal((await error).code, Code.Canceled);
});
await check("many_at_once", async () => {
  const calls = [];
  for (let i = 0n; i < 300n; ++i) calls.push(arith.multiply({ a: i, b: i }));
  const replies = await Promise.all(calls);
  replies.forEach((reply, i) => equal(reply.value, BigInt(i) ** 2n, `reply ${i}`));
});
await check("fetch", async () => {
  const url = `${baseUrl}/interop.connect.Arith/Multiply`;
  const headers = { "Content-Type": "application/json" };
  const post = (body) => fetch(url, { method: "POST", headers, body });
  const reply = await post('{"a":"6","b":7}');
  equal(reply.status, 200, "the status");
  equal(Number((await reply.json()).value), 42, "6*7");
  equal((await post("{bad}")).status, 400, "no JSON");
  equal((await (await post("{bad}")).json()).code, "invalid_argument", "no JSON");
  equal((await fetch(url, { method: "PUT", headers, body: "{}" })).status, 405, "PUT");
  const other = await fetch(url, { method: "POST", headers: { "Content-Type": "text/plain" }, body: "{}" });
  equal(other.status, 415, "a text");
  const accepted = other.headers.get("accept-post");  // which connect-es does not say
  if (accepted !== null) equal(accepted.includes("application/json"), true, "what it accepts");
});
failed();
