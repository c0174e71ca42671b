'use strict';
// Runs named checks and prints a line for each: "ok NAME", "FAIL NAME: why", "skip NAME: why".

const assert = require('node:assert');

class Skip extends Error {}

class Suite {
  constructor({ only, patience = 30000 } = {}) {
    this.only = only && new RegExp(only);
    this.patience = patience;
    this.ran = 0;
    this.failed = 0;
  }

  async run(name, check) {
    if (this.only && !this.only.test(name)) return;
    this.ran += 1;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no result within ${this.patience} ms`)), this.patience);
    });
    try {
      await Promise.race([check(), late]);
      console.log(`ok ${name}`);
    } catch (error) {
      const why = String(error.message).trim().replace(/\s*\n\s*/g, '; ').slice(0, 500);
      if (error instanceof Skip) {
        console.log(`skip ${name}: ${why}`);
      } else {
        this.failed += 1;
        console.log(`FAIL ${name}: ${why}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the program: with 1 if a check failed, with 2 if none was run. */
  exit() {
    process.exit(this.failed > 0 ? 1 : this.ran === 0 ? 2 : 0);
  }
}

/** JSON with the members of objects in order. */
function canonical(value) {
  return JSON.stringify(value, (_, v) =>
    v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v);
}

/** Both the same JSON; batches may be answered in any order. */
function same(got, want, what) {
  const form = (value) => (Array.isArray(value) ? `[${value.map(canonical).sort()}]` : canonical(value));
  assert.ok(form(got) === form(want), `${what.slice(0, 200)}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

module.exports = { Suite, Skip, same };
