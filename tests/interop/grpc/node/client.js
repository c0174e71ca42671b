'use strict';
// The interop cases, by grpc-js. Prints "ok CASE" or "FAIL CASE: why" for each.
//
//   node client.js --protos DIR --address HOST:PORT [--cases CASE,CASE...]

const assert = require('node:assert');
const { once } = require('node:events');
const { parseArgs } = require('node:util');
const grpc = require('@grpc/grpc-js');
const { testing } = require('./testing');

const { values: options } = parseArgs({
  options: { protos: { type: 'string' }, address: { type: 'string' }, cases: { type: 'string' } },
});
const { TestService, UnimplementedService } = testing(options.protos);
const client = new TestService(options.address, grpc.credentials.createInsecure());

const requestSizes = [27182, 8, 1828, 45904];
const responseSizes = [31415, 9, 2653, 58979];
const payload = (size) => ({ type: 'COMPRESSABLE', body: Buffer.alloc(size) });
const ask = (answer, size) => ({ response_parameters: [{ size: answer }], payload: payload(size) });

/** The whole of a call that is answered once: {error, reply, headers, trailers}. */
function unary(method, request, metadata = new grpc.Metadata(), service = client) {
  return new Promise((resolve) => {
    const seen = {};
    const call = service[method](request, metadata, { deadline: Date.now() + 20000 }, (error, reply) => {
      Object.assign(seen, { error, reply });
      if ('trailers' in seen) resolve(seen);
    });
    call.on('metadata', (headers) => (seen.headers = headers));
    call.on('status', (status) => {
      seen.trailers = status.metadata;
      if ('error' in seen) resolve(seen);
    });
  });
}

/** Collects a stream's replies and its status. */
function follow(call) {
  const seen = { sizes: [], status: new Promise((resolve) => call.on('status', resolve)) };
  call.on('metadata', (headers) => (seen.headers = headers));
  call.on('data', (reply) => {
    seen.sizes.push(reply.payload ? reply.payload.body.length : 0);
    call.emit('one');
  });
  call.on('error', () => {});
  return seen;
}

const late = () => ({ deadline: Date.now() + 20000 });

function isStatus(got, code, message) {
  assert.ok(got, 'no error');
  assert.deepStrictEqual([got.code, got.details], [code, message === undefined ? got.details : message]);
}

const cases = {
  async empty_unary() {
    const { error, reply } = await unary('EmptyCall', {});
    assert.ifError(error);
    assert.deepStrictEqual({ ...reply }, {});
  },
  async large_unary() {
    const { error, reply } = await unary('UnaryCall', { response_size: 314159, payload: payload(271828) });
    assert.ifError(error);
    assert.strictEqual(reply.payload.type, 'COMPRESSABLE');
    assert.strictEqual(reply.payload.body.length, 314159);
    assert.ok(reply.payload.body.every((byte) => byte === 0));
  },
  async client_streaming() {
    const reply = await new Promise((resolve, reject) => {
      const call = client.StreamingInputCall(late(), (error, value) => (error ? reject(error) : resolve(value)));
      requestSizes.forEach((size) => call.write({ payload: payload(size) }));
      call.end();
    });
    assert.strictEqual(reply.aggregated_payload_size, 74922);
  },
  async server_streaming() {
    const parameters = responseSizes.map((size) => ({ size }));
    const seen = follow(client.StreamingOutputCall({ response_parameters: parameters }, late()));
    isStatus(await seen.status, grpc.status.OK);
    assert.deepStrictEqual(seen.sizes, responseSizes);
  },
  async ping_pong() {
    const call = client.FullDuplexCall(late());
    const seen = follow(call);
    for (let i = 0; i < requestSizes.length; i += 1) {
      const answered = once(call, 'one');
      call.write(ask(responseSizes[i], requestSizes[i]));
      await answered;
      assert.deepStrictEqual(seen.sizes, responseSizes.slice(0, i + 1));
    }
    call.end();
    isStatus(await seen.status, grpc.status.OK);
    assert.deepStrictEqual(seen.sizes, responseSizes);
  },
  async empty_stream() {
    const call = client.FullDuplexCall(late());
    const seen = follow(call);
    call.end();
    isStatus(await seen.status, grpc.status.OK);
    assert.deepStrictEqual(seen.sizes, []);
  },
  async custom_metadata() {
    const bytes = Buffer.from('0a0b0a0b0a0b', 'hex');
    const metadata = new grpc.Metadata();
    metadata.set('x-grpc-test-echo-initial', 'test_initial_metadata_value');
    metadata.set('x-grpc-test-echo-trailing-bin', bytes);
    const echoed = (headers, trailers) => {
      assert.deepStrictEqual(headers.get('x-grpc-test-echo-initial'), ['test_initial_metadata_value']);
      assert.deepStrictEqual(trailers.get('x-grpc-test-echo-trailing-bin'), [bytes]);
    };
    const { error, headers, trailers } = await unary('UnaryCall', { response_size: 1, payload: payload(1) }, metadata);
    assert.ifError(error);
    echoed(headers, trailers);

    const call = client.FullDuplexCall(metadata, late());
    const seen = follow(call);
    call.write(ask(1, 1));
    call.end();
    const status = await seen.status;
    isStatus(status, grpc.status.OK);
    echoed(seen.headers, status.metadata);
  },
  async status_code_and_message() {
    const status = { code: 2, message: 'test status message' };
    const { error } = await unary('UnaryCall', { response_status: status });
    isStatus(error, 2, status.message);
    const call = client.FullDuplexCall(late());
    const seen = follow(call);
    call.write({ response_status: status });
    call.end();
    isStatus(await seen.status, 2, status.message);
  },
  async special_status_message() {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1f608}\t\n';
    const { error } = await unary('UnaryCall', { response_status: { code: 2, message } });
    isStatus(error, 2, message);
  },
  async unimplemented_method() {
    const { error } = await unary('UnimplementedCall', {});
    isStatus(error, grpc.status.UNIMPLEMENTED);
  },
  async unimplemented_service() {
    const other = new UnimplementedService(options.address, grpc.credentials.createInsecure());
    const { error } = await unary('UnimplementedCall', {}, new grpc.Metadata(), other);
    other.close();
    isStatus(error, grpc.status.UNIMPLEMENTED);
  },
  async cancel_after_begin() {
    const error = await new Promise((resolve) => {
      const call = client.StreamingInputCall(late(), resolve);
      setImmediate(() => call.cancel());
    });
    isStatus(error, grpc.status.CANCELLED);
    await cases.empty_unary();
  },
  async cancel_after_first_response() {
    const call = client.FullDuplexCall(late());
    const seen = follow(call);
    const answered = once(call, 'one');
    call.write(ask(31415, 27182));
    await answered;
    call.cancel();
    isStatus(await seen.status, grpc.status.CANCELLED);
    assert.deepStrictEqual(seen.sizes, [31415]);
    await cases.empty_unary();
  },
  async timeout_on_sleeping_server() {
    const call = client.FullDuplexCall({ deadline: Date.now() + 10 });
    const seen = follow(call);
    call.write({ payload: payload(27182) });
    isStatus(await seen.status, grpc.status.DEADLINE_EXCEEDED);
    await cases.empty_unary();
  },
};

async function run(name) {
  let timer;
  const patience = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no result within 30 s')), 30000);
  });
  try {
    await Promise.race([cases[name](), patience]);
    console.log(`ok ${name}`);
    return true;
  } catch (error) {
    console.log(`FAIL ${name}: ${String(error.message).trim().replace(/\s*\n\s*/g, '; ').slice(0, 500)}`);
    return false;
  } finally {
    clearTimeout(timer);
  }
}

(async () => {
  let failed = 0;
  for (const name of options.cases ? options.cases.split(',') : Object.keys(cases)) failed += (await run(name)) ? 0 : 1;
  process.exit(failed > 0 ? 1 : 0);
})();
