// What client.js and server.js share: a line per check, and the service's descriptor.
import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

let failures = 0;

export async function check(name, body) {
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (error) {
    ++failures;
    console.log(`FAIL ${name}: ${error.message}`);
  }
}

export function equal(got, wanted, what = "it") {
  if (got !== wanted) throw new Error(`${what} is ${got}, not ${wanted}`);
}

/// Ends the program, which connections kept alive would not let end.
export function failed() {
  process.exit(failures === 0 ? 0 : 1);
}

export function service(descriptors) {
  const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
  return files.getService("interop.connect.Arith");
}
