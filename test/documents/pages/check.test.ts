/** The blocks of src/check/README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('src/check/README.md');
