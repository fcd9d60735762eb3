#include "cli/bench/received.h"

#include <fstream>
#include <utility>

#include "core/base/encoding.h"

namespace chancery::cli::bench {

Result<void> write_received(const std::string& path, const std::vector<Received>& received) {
  std::ofstream file(path);
  for (const Received& one : received) {
    file << one.id << ' ' << hex(one.digest) << ' ' << one.arrived_us << '\n';
  }
  file.close();
  return file ? Result<void>{} : fail(ErrorCode::kIo, path + " could not be written");
}

Result<std::vector<Received>> read_received(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return fail(ErrorCode::kIo, path + " could not be read");
  }
  std::vector<Received> received;
  std::string digest;
  for (Received one; file >> one.id >> digest >> one.arrived_us;) {
    CHANCERY_TRY(one.digest, hash_from_hex(digest));
    received.push_back(one);
  }
  return file.eof() ? Result<std::vector<Received>>(std::move(received))
                    : fail(ErrorCode::kMalformed, path + " is not what a sink writes");
}

}  // namespace chancery::cli::bench
