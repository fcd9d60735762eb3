// Where this checkout is, whose vectors, examples and pages some tests read.

#pragma once

namespace chancery::test {

// Its root, as an absolute path without a slash at the end. Said to one source and not to each
// test, so that what is compiled of these is the same in every checkout.
extern const char* const source_folder;

}  // namespace chancery::test
