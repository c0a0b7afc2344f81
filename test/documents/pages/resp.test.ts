/** The blocks of src/resp/README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('src/resp/README.md');
