// A reader of the fault campaigns: reads along a cursor over one long connection, without a pause,
// until SIGTERM, and says on stdout what it should not have been told.
//
//   fault-read CLIENT.TOML CURSOR
//
// Out, with tabs between: `error TEXT` where a read failed; `again ARRIVAL` where a notice came a
// second time as if for the first, as it must not while the node is not restarted; at the end
// `read COUNT`, of pages. It is done with nothing: from the end it begins where the cursor stands.

#include <chancery/client.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <utility>

namespace {

namespace client = chancery::client;

constexpr std::chrono::milliseconds kPause{1};
constexpr std::chrono::milliseconds kWait{20};
constexpr std::uint32_t kPageLimit = 20;

volatile std::sig_atomic_t stopping = 0;

class Reader {
 public:
  Reader(client::Client& node, std::string cursor) : node_(node), cursor_(std::move(cursor)) {}

  // Each second time it waits for something to come.
  void read() {
    query_.wait = page_count_ % 2 == 0 ? kWait : std::chrono::milliseconds(0);
    const client::Page page = node_.read(cursor_, query_);
    ++page_count_;
    for (const client::Notice& notice : page.notices) {
      if (!handed_.insert(notice.arrival).second && !notice.redelivered) {
        std::cout << "again\t" << notice.arrival << "\n" << std::flush;
      }
    }
    query_.after = page.notices.empty() ? client::Position() : page.next;
  }
  [[nodiscard]] std::uint64_t page_count() const { return page_count_; }

 private:
  client::Client& node_;
  std::string cursor_;
  client::InboxQuery query_ = [] {
    client::InboxQuery query;
    query.limit = kPageLimit;
    return query;
  }();
  std::set<std::uint64_t> handed_;
  std::uint64_t page_count_ = 0;
};

void run(const std::string& config, const std::string& cursor) {
  client::Client node(client::Options::from_file(config));
  Reader reader(node, cursor);
  while (stopping == 0) {
    try {
      reader.read();
    } catch (const client::Error& error) {
      std::cout << "error\t" << error.what() << "\n" << std::flush;
    }
    std::this_thread::sleep_for(kPause);
  }
  std::cout << "read\t" << reader.page_count() << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: fault-read CLIENT.TOML CURSOR\n";
    return 64;
  }
  std::signal(SIGTERM, [](int) { stopping = 1; });
  try {
    run(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
  }
  return 1;
}
