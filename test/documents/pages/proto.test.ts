/** The blocks of proto/README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('proto/README.md');
