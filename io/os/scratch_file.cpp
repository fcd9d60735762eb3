#include "io/os/scratch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "io/os/failure.h"
#include "io/os/file.h"

namespace chancery::os {
namespace {

std::string scratch_folder() {
  const char* const given = std::getenv("TMPDIR");
  return given != nullptr && *given != '\0' ? given : "/var/tmp";
}

// Where the file system knows no file without a name, it has one for a moment.
Result<Fd> open_nameless(const std::string& folder) {
  Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file || errno != EOPNOTSUPP) {
    return file ? Result<Fd>(std::move(file)) : system_failure("open a file in", folder);
  }
  std::string name = folder + "/chancery-XXXXXX";
  file = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) {
    return system_failure("open", name);
  }
  ::unlink(name.c_str());
  return file;
}

}  // namespace

Result<std::uint64_t> ScratchFile::append(std::string_view bytes) {
  if (!file_) {
    folder_ = scratch_folder();
    CHANCERY_TRY(file_, open_nameless(folder_));
  }
  CHANCERY_TRY_VOID(write_all(file_, "a scratch file in " + folder_, bytes));
  const std::uint64_t offset = size_;
  size_ += bytes.size();
  return offset;
}

Result<std::string> ScratchFile::read(std::uint64_t offset, std::size_t size) const {
  if (offset > size_ || size > size_ - offset) {
    return fail(ErrorCode::kIo, "a scratch file is read beyond its end");
  }
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(file_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return system_failure("read a scratch file in", folder_, got < 0 ? errno : EIO);
    }
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace chancery::os
