// SPDX-License-Identifier: MIT
// node main.js RECORDS COMPARISON FOLDER   writes the report
// node main.js --check FOLDER              could it be written there?
import {readFileSync} from 'node:fs';
import {InputError, parseComparison, parseRecords} from './records.js';
import {checkWritable, writeFolder} from './output.js';

function read(name) {
  try {
    return readFileSync(name, 'utf8');
  } catch (fault) {
    throw new InputError(`cannot read ${name}: ${fault.message}`);
  }
}

async function main(args) {
  if (args.length === 2 && args[0] === '--check') return checkWritable(args[1]);
  if (args.length !== 3) throw new InputError('use: main.js RECORDS COMPARISON FOLDER, or --check FOLDER');
  const [recordFile, comparisonFile, folder] = args;
  const records = parseRecords(read(recordFile), recordFile);
  const comparison = parseComparison(read(comparisonFile), comparisonFile);
  const {makeReport} = await import('./report.js');
  writeFolder(folder, makeReport(records, comparison));
}

try {
  await main(process.argv.slice(2));
} catch (fault) {
  if (!(fault instanceof InputError)) throw fault;
  process.stderr.write(`report: ${fault.message}\n`);
  process.exitCode = 2;
}
