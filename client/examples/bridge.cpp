// Hands what arrives to another system: each notice of the given kinds becomes a file of JSON in a
// folder, from which that system takes it.
//
//   example-bridge client.toml /var/spool/cases 'threat.*' consultation.open
//
// A file appears under its final name only when it is whole and on the disk, and the cursor moves
// after that: no notice is missing, and one that is written again after a crash has the same name.
// A notice that cannot be written is given back, so that it holds up no other: it comes again, and
// after ten attempts waits for a person (chancery cursor deferred bridge --quarantined).
//
// Compiled as C++17, as an application may be.

#include <chancery/client.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace client = chancery::client;
namespace fs = std::filesystem;

namespace {

void write_all(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = ::write(file, text.data() + done, text.size() - done);
    if (size < 0) {
      throw std::runtime_error("writing into the folder failed");
    }
    done += static_cast<std::size_t>(size);
  }
}

void sync(const fs::path& path, int flags, const std::string& text) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file < 0) {
    throw std::runtime_error("cannot open " + path.string());
  }
  try {
    write_all(file, text);
  } catch (...) {
    ::close(file);
    throw;
  }
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  if (!synced) {
    throw std::runtime_error("cannot sync " + path.string());
  }
}

// Named by its hash: the same notice is the same file.
void hand_over(const client::Notice& notice, const fs::path& folder) {
  const fs::path unfinished = folder / ("." + notice.notice + ".part");
  sync(unfinished, O_WRONLY | O_CREAT | O_TRUNC, client::to_json(notice) + "\n");
  fs::rename(unfinished, folder / (notice.notice + ".json"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: example-bridge CLIENT.TOML FOLDER [KIND...]\n";
    return 64;
  }
  try {
    const fs::path folder = argv[2];
    client::Client node(client::Options::from_file(argv[1]));
    client::InboxQuery query;
    query.kinds.assign(argv + 3, argv + argc);
    query.wait = std::chrono::seconds(20);
    client::Nack not_written;
    not_written.delay = std::chrono::seconds(30);
    not_written.attempts_max = 10;
    not_written.reason = "it could not be written";
    for (;;) {
      try {
        const client::Page page = node.read("bridge", query);
        for (const client::Notice& notice : page.notices) {
          try {
            hand_over(notice, folder);
          } catch (const std::runtime_error& error) {
            std::cerr << error.what() << "\n";
            node.nack("bridge", {notice}, not_written);
          }
        }
        sync(folder, O_RDONLY | O_DIRECTORY, "");  // The names too.
        node.ack("bridge", page);                  // What was given back stays so.
      } catch (const client::Error& error) {
        if (!error.retryable()) {
          throw;
        }
        std::cerr << error.what() << "\n";
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
    }
  } catch (const client::Error& error) {
    std::cerr << error.what() << "\n" << error.remedy() << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
  }
  return 1;
}
