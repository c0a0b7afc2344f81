/** The one binary search. */
import assert from 'node:assert/strict';
import { firstIndex } from '../../src/base/search.js';

describe('a binary search', () => {
  it('finds the first index from which on the condition holds, wherever that is', () => {
    for (let length = 0; length <= 17; length++)
      for (let first = 0; first <= length; first++)
        assert.equal(
          firstIndex(length, (index) => index >= first),
          first,
        );
  });

  it('looks at a few places of many', () => {
    let looks = 0;
    firstIndex(1_000_000, (index) => {
      looks++;
      return index >= 123_456;
    });
    assert(looks <= 20, `${looks} looks`);
  });
});
