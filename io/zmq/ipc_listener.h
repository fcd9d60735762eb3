// A listening socket in the file system that has one owner and the right mode from its first
// moment.
//
// libzmq would remove whatever stands at the path, a living owner's socket too, and leave the mode
// to the umask. So the socket is made here, and the file is removed with it (inlet.h accepts).
//
// Any thread. Limits: kIpcPathBytesMax (endpoint.h).

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "io/zmq/descriptor.h"
#include "io/zmq/socket.h"

namespace chancery::zmq {

class IpcListener {
 public:
  [[nodiscard]] static Result<IpcListener> listen(const std::string& path, std::uint32_t mode,
                                                  int backlog);

  IpcListener() = default;
  IpcListener(IpcListener&& other) noexcept;
  IpcListener& operator=(IpcListener&& other) noexcept;
  IpcListener(const IpcListener&) = delete;
  IpcListener& operator=(const IpcListener&) = delete;
  ~IpcListener();  // Removes the file, if it is still the one made here.

  // Gives the descriptor away, once.
  [[nodiscard]] int release_fd();

 private:
  void close();

  std::string path_;  // Empty: nothing to remove.
  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// A listening socket that no other process gets to: its file is gone before it listens, and only
// who has a descriptor of that finds it (through /proc).
struct HiddenListener {
  // `path` is where a socket file will be, which is free or left by a dead process.
  [[nodiscard]] static Result<HiddenListener> listen(const std::string& path, int backlog);

  [[nodiscard]] bool connect(int fd) const;  // At once or not at all.

  Descriptor listening;
  Descriptor file;
};

struct IpcPlace {
  std::string path;
  std::uint32_t mode;
  int backlog;
};

// What listen() would refuse for the path's sake: kConfigInvalid where it is too long, kExists
// where something other than a socket is there. Nothing is made or removed.
[[nodiscard]] Result<void> check_ipc_path(const std::string& path);

// Whether a process listens at the path. kConfigInvalid when it is too long.
[[nodiscard]] Result<bool> ipc_is_listening(const std::string& path);

}  // namespace chancery::zmq
