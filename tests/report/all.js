// SPDX-License-Identifier: MIT
// All tests of the report as one stream of TAP: node --test-reporter=tap all.js
import './records.test.js';
import './series.test.js';
import './plots.test.js';
import './output.test.js';
import './page.test.js';
