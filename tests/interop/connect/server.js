// A Connect server by connect-es: prints where it listens, serves until its standard input ends.
//   node server.js DESCRIPTORS
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { service } from "./check.js";

const arith = service(process.argv[2]);

const routes = (router) =>
  router.service(arith, {
    multiply: ({ a, b }) => ({ value: a * b }),
    echo: (everything) => everything,
    fail: ({ code, message }, context) => {
      context.responseHeader.set("x-header", "in front");
      context.responseTrailer.set("x-trailer", "behind");
      throw new ConnectError(message, codeFromString(code));
    },
    metadata: ({ key }, context) => {
      const value = context.requestHeader.get(key) ?? "";
      context.responseHeader.set("x-header", value);
      context.responseTrailer.set("x-trailer", value);
      return { value };
    },
    sleep: async ({ milliseconds }, context) => {
      await sleep(Number(milliseconds), undefined, { signal: context.signal }).catch(() => {});
      context.signal.throwIfAborted();
      return {};
    },
    async *count({ a, b }) {
      for (let value = a; value < b; ++value) yield { value };
    },
  });

const server = createServer(connectNodeAdapter({ routes }));
server.listen(0, "127.0.0.1", () => {
  console.log(`listening http 127.0.0.1:${server.address().port}`);
  console.log("ready");
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
