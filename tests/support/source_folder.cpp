#include "tests/support/source_folder.h"

namespace chancery::test {

const char* const source_folder = CHANCERY_SOURCE_FOLDER;

}  // namespace chancery::test
