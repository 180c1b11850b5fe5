// Searches for the counter of a proof of work: the one for which SHA-256(salt + nonce + counter)
// begins as the challenge says. Runs as a worker, or in a page that can have none. The hash is
// written out here because browsers have theirs only on HTTPS, and ask to wait for each.
(function (scope) {
  "use strict";

  // The first 32 bits of the fractions of square and cube roots of primes (FIPS 180-4).
  var START = new Int32Array(8), K = new Int32Array(64);
  for (var n = 2, found = 0; found < 64; n++) {
    var isPrime = true;
    for (var d = 2; d * d <= n; d++) if (n % d === 0) { isPrime = false; break; }
    if (!isPrime) continue;
    if (found < 8) START[found] = (Math.sqrt(n) % 1) * 4294967296;
    K[found++] = (Math.cbrt(n) % 1) * 4294967296;
  }

  var W = new Int32Array(64), H = new Int32Array(8);

  // One block: what is searched through is shorter than that.
  function hash(block) {
    var i, t1, t2, x, y;
    for (i = 0; i < 16; i++) W[i] = block[i];
    for (i = 16; i < 64; i++) {
      x = W[i - 15];
      y = W[i - 2];
      W[i] = (W[i - 16] + W[i - 7] +
        ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10)) | 0;
    }
    var a = START[0], b = START[1], c = START[2], d = START[3];
    var e = START[4], f = START[5], g = START[6], h = START[7];
    for (i = 0; i < 64; i++) {
      t1 = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) +
        (e & f ^ ~e & g) + K[i] + W[i]) | 0;
      t2 = (((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) +
        (a & b ^ a & c ^ b & c)) | 0;
      h = g; g = f; f = e; e = d + t1 | 0;
      d = c; c = b; b = a; a = t1 + t2 | 0;
    }
    H[0] = a + START[0]; H[1] = b + START[1]; H[2] = c + START[2]; H[3] = d + START[3];
    H[4] = e + START[4]; H[5] = f + START[5]; H[6] = g + START[6]; H[7] = h + START[7];
  }

  function words(hex) {
    var found = [];
    for (var i = 0; i < hex.length; i += 8) found.push(parseInt(hex.substr(i, 8), 16) | 0);
    return found;
  }

  function hexOf(some) {
    var text = "";
    for (var i = 0; i < some.length; i++) {
      text += ("0000000" + (some[i] >>> 0).toString(16)).slice(-8);
    }
    return text;
  }

  // A search that is taken up again and again: try(many) gives the solution, or null.
  function Search(parameters) {
    var given = words(parameters.salt + parameters.nonce), prefix = words(parameters.keyPrefix);
    if (parameters.algorithm !== "SHA-256" || parameters.cost !== 1 || given.length !== 8 ||
        parameters.keyPrefix.length !== 32 || parameters.keyLength !== 32) {
      throw new Error("a challenge of another kind");
    }
    var block = new Int32Array(16);
    block.set(given);
    block[9] = 1 << 31; // the end of the message, and its length
    block[15] = 36 * 8;
    this.counter = 0;
    this.try = function (many) {
      for (var end = this.counter + many; this.counter < end; this.counter++) {
        block[8] = this.counter;
        hash(block);
        if (H[0] === prefix[0] && H[1] === prefix[1] && H[2] === prefix[2] && H[3] === prefix[3]) {
          return {counter: this.counter, derivedKey: hexOf(H)};
        }
      }
      return null;
    };
  }

  if (typeof document !== "undefined") {
    scope.klinkSearch = Search;
    return;
  }
  scope.onmessage = function (message) {
    var search = new Search(message.data.parameters), most = message.data.most, solution = null;
    while (!solution && search.counter <= most) {
      solution = search.try(5000);
      if (!solution) scope.postMessage({tried: search.counter});
    }
    if (!solution) throw new Error("a challenge without a solution");
    scope.postMessage({solution: solution});
  };
})(self);
