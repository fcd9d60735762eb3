#include "io/zmq/ipc_listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "io/zmq/endpoint.h"

namespace chancery::zmq {
namespace {

std::unexpected<Error> fail_system(ErrorCode code, const std::string& what) {
  return fail(code, what + ": " + std::generic_category().message(errno));
}

Result<sockaddr_un> address_of(const std::string& path) {
  CHANCERY_TRY_VOID(check_endpoint(std::string(kIpcPrefix) + path, EndpointUse::kListen));
  sockaddr_un address{};
  static_assert(kIpcPathBytesMax < sizeof address.sun_path);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// One starter at a time in this folder: between finding a socket stale and removing it, another
// process could have put a living one in its place. Released with the descriptor.
Result<int> lock_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
  Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0) {
    return fail_system(errno == ENOENT ? ErrorCode::kFileMissing : ErrorCode::kIo,
                       "folder '" + folder + "'");
  }
  while (::flock(descriptor.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return fail_system(ErrorCode::kIo, "lock on folder '" + folder + "'");
    }
  }
  return descriptor.release();
}

// A socket, or nothing; kExists where something else is there.
Result<bool> find_socket(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return false;
    }
    return fail_system(ErrorCode::kIo, "socket '" + path + "'");
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::kExists, "'" + path + "' exists and is not a socket");
  }
  return true;
}

Result<> remove_stale(const std::string& path) {
  CHANCERY_TRY(const bool found, find_socket(path));
  if (!found) {
    return {};
  }
  CHANCERY_TRY(const bool listening, ipc_is_listening(path));
  if (listening) {
    return fail(ErrorCode::kAddressInUse, "another process listens at '" + path + "'");
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_system(ErrorCode::kIo, "stale socket '" + path + "'");
  }
  return {};
}

}  // namespace

Result<void> check_ipc_path(const std::string& path) {
  CHANCERY_TRY_VOID(address_of(path));
  CHANCERY_TRY_VOID(find_socket(path));
  return {};
}

Result<bool> ipc_is_listening(const std::string& path) {
  CHANCERY_TRY(const sockaddr_un address, address_of(path));
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) {
    return fail_system(ErrorCode::kIo, "probe of '" + path + "'");
  }
  if (::connect(probe.get(), generic(address), sizeof address) == 0 || errno == EAGAIN) {
    return true;  // EAGAIN: its queue is full, so there is somebody.
  }
  if (errno == ECONNREFUSED || errno == ENOENT) {
    return false;
  }
  return fail_system(errno == EACCES ? ErrorCode::kFilePermissions : ErrorCode::kIo,
                     "probe of '" + path + "'");
}

Result<HiddenListener> HiddenListener::listen(const std::string& path, int backlog) {
  CHANCERY_TRY(const sockaddr_un address, address_of(path));
  CHANCERY_TRY(const int lock, lock_folder_of(path));
  const Descriptor locked(lock);
  CHANCERY_TRY_VOID(remove_stale(path));
  HiddenListener made;
  made.listening = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.listening.is_open() ||
      ::bind(made.listening.get(), generic(address), sizeof address) != 0) {
    return fail_system(errno == EADDRINUSE ? ErrorCode::kAddressInUse : ErrorCode::kIo,
                       "socket '" + path + "'");
  }
  made.file = Descriptor(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const bool opened = made.file.is_open();
  if (::unlink(path.c_str()) != 0 || !opened || ::listen(made.listening.get(), backlog) != 0) {
    return fail_system(ErrorCode::kIo, "socket '" + path + "'");
  }
  return made;
}

bool HiddenListener::connect(int fd) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  std::memcpy(address.sun_path, path.data(), path.size());
  return ::connect(fd, generic(address), sizeof address) == 0;
}

Result<IpcListener> IpcListener::listen(const std::string& path, std::uint32_t mode, int backlog) {
  CHANCERY_TRY(const sockaddr_un address, address_of(path));
  CHANCERY_TRY(const int lock, lock_folder_of(path));
  const Descriptor locked(lock);
  CHANCERY_TRY_VOID(remove_stale(path));
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) {
    return fail_system(ErrorCode::kIo, "socket '" + path + "'");
  }
  if (::bind(socket.get(), generic(address), sizeof address) != 0) {
    return fail_system(errno == EADDRINUSE ? ErrorCode::kAddressInUse : ErrorCode::kIo,
                       "socket '" + path + "'");
  }
  IpcListener listener;
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    return fail_system(ErrorCode::kIo, "socket '" + path + "'");
  }
  listener.path_ = path;
  listener.device_ = status.st_dev;
  listener.inode_ = status.st_ino;
  // Nobody can connect before listen(): the mode is right before the first that could.
  if (::chmod(path.c_str(), mode) != 0 || ::listen(socket.get(), backlog) != 0) {
    return fail_system(ErrorCode::kIo, "socket '" + path + "'");
  }
  listener.fd_ = socket.release();
  return listener;
}

IpcListener::IpcListener(IpcListener&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      fd_(std::exchange(other.fd_, -1)),
      device_(other.device_),
      inode_(other.inode_) {}

IpcListener& IpcListener::operator=(IpcListener&& other) noexcept {
  if (this != &other) {
    close();
    path_ = std::exchange(other.path_, {});
    fd_ = std::exchange(other.fd_, -1);
    device_ = other.device_;
    inode_ = other.inode_;
  }
  return *this;
}

IpcListener::~IpcListener() {
  close();
}

int IpcListener::release_fd() {
  return std::exchange(fd_, -1);
}

void IpcListener::close() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
  struct stat status{};
  if (!path_.empty() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  path_.clear();
}

}  // namespace chancery::zmq
