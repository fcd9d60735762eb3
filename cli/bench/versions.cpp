#include "cli/bench/versions.h"

#include "cli/version.h"
#include "core/crypto/keys.h"
#include "io/sqlite/database.h"
#include "io/zmq/context.h"

namespace chancery::cli::bench {

text::Json versions() {
  return {{"commit", commit()},
          {"compiler", CHANCERY_COMPILER},
          {"flags", CHANCERY_FLAGS},
          {"libzmq", zmq::library_version()},
          {"openssl", crypto::library_version()},
          {"protobuf", CHANCERY_PROTOBUF},
          {"sqlite", sqlite::library_version()}};
}

}  // namespace chancery::cli::bench
