/** The blocks of bin/README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('bin/README.md');
