// A file without a name, for what would take too much memory: gone when its owner goes, or ends.
//
// In $TMPDIR, or /var/tmp, which is a disk where /tmp may be memory. It is made by the first
// append. Failures: kDiskFull, kIo, kFileMissing (no such folder). One thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "io/os/fd.h"

namespace chancery::os {

class ScratchFile {
 public:
  // Where the bytes begin.
  [[nodiscard]] Result<std::uint64_t> append(std::string_view bytes);
  // Exactly so many bytes; kIo where the file has fewer.
  [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::size_t size) const;

 private:
  Fd file_;
  std::string folder_;
  std::uint64_t size_ = 0;
};

}  // namespace chancery::os
