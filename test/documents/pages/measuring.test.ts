/** The blocks of the pages on tests and benchmarks: their commands run for minutes, so only their words are checked. */
import { testBlocks } from '../page-blocks.js';

for (const page of ['benchmarks/README.md', 'test/README.md', 'test/simulation/README.md']) testBlocks(page);
