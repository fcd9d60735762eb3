#include "cli/bench/machine.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "cli/bench/round.h"

namespace chancery::cli::bench {
namespace {

constexpr long kTmpfs = 0x01021994;

// Files of /proc have no size that could be asked for.
std::string text_of(const std::string& path) {
  const std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

double ticks_to_us(double ticks) {
  return ticks * kMicrosPerSecond / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// To the nanosecond, where /proc has hundredths of a second. 0 where there is no such process.
double cpu_us_of(pid_t pid) {
  clockid_t clock{};
  timespec spent{};
  if (pid == 0 || ::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &spent) != 0) {
    return 0;
  }
  constexpr double kNanosPerMicro = 1000;
  return static_cast<double>(spent.tv_sec) * kMicrosPerSecond +
         static_cast<double>(spent.tv_nsec) / kNanosPerMicro;
}

struct Stat {
  std::string name;
  double cpu_us = 0;
};

// Of /proc/PID/task/TID/stat. A name may have spaces and brackets in it.
Stat read_stat(const std::string& path) {
  const std::string text = text_of(path);
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) {
    return {};
  }
  constexpr int kBeforeUserTime = 11;  // Fields between the name and utime.
  std::istringstream rest(text.substr(close + 1));
  std::string passed;
  for (int i = 0; i < kBeforeUserTime; ++i) {
    rest >> passed;
  }
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return {.name = text.substr(open + 1, close - open - 1), .cpu_us = ticks_to_us(user + system)};
}

std::uint64_t number_after(const std::string& text, std::string_view name) {
  const std::optional<std::string> value = value_after(text, name);
  return value.has_value() ? std::strtoull(value->c_str(), nullptr, 10) : 0;
}

// Linux tells it as the size of the folder since 6.2, and to whoever may read it before that.
std::optional<std::uint64_t> count_fds(const std::string& folder) {
  struct stat place{};
  if (::stat(folder.c_str(), &place) == 0 && place.st_size > 0) {
    return static_cast<std::uint64_t>(place.st_size);
  }
  std::error_code hidden;
  const std::filesystem::directory_iterator all(folder, hidden);
  return hidden ? std::nullopt
                : std::optional(static_cast<std::uint64_t>(std::distance(begin(all), end(all))));
}

}  // namespace

std::optional<std::string> value_after(const std::string& text, std::string_view name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name)) {
      continue;
    }
    const std::size_t colon = line.find_first_not_of(" \t", name.size());
    if (colon == std::string::npos || line[colon] != ':') {
      continue;
    }
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return std::nullopt;
}

Usage usage_of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  Usage usage;
  usage.cpu_us = cpu_us_of(pid);
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(folder + "/task", gone)) {
    const Stat thread = read_stat(task.path().string() + "/stat");
    usage.transport_us += thread.name.starts_with("ZMQbg") ? thread.cpu_us : 0;
  }
  constexpr std::uint64_t kKib = 1024;
  const std::string status = text_of(folder + "/status");
  usage.rss_bytes = number_after(status, "VmRSS") * kKib;
  usage.rss_peak_bytes = number_after(status, "VmHWM") * kKib;
  usage.open_fds = count_fds(folder + "/fd");
  const std::string io = text_of(folder + "/io");
  if (!io.empty()) {
    usage.written_bytes = number_after(io, "write_bytes");
  }
  return usage;
}

Usage own_usage() {
  return usage_of(::getpid());
}

double busy_us() {
  std::istringstream line(text_of("/proc/stat"));
  std::string name;
  double user = 0;
  double nice = 0;
  double system = 0;
  double idle = 0;
  double waiting = 0;
  double interrupts = 0;
  double soft_interrupts = 0;
  line >> name >> user >> nice >> system >> idle >> waiting >> interrupts >> soft_interrupts;
  return ticks_to_us(user + nice + system + interrupts + soft_interrupts);
}

std::optional<std::uint64_t> disk_flushes(const std::string& path) {
  struct stat place{};
  if (::stat(path.c_str(), &place) != 0) {
    return std::nullopt;
  }
  constexpr int kBeforeFlushes = 15;  // Fields between the device's name and its flushes.
  std::istringstream lines(text_of("/proc/diskstats"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    unsigned device_major = 0;
    unsigned device_minor = 0;
    std::string passed;
    fields >> device_major >> device_minor >> passed;
    if (device_major != major(place.st_dev) || device_minor != minor(place.st_dev)) {
      continue;
    }
    for (int i = 0; i < kBeforeFlushes; ++i) {
      fields >> passed;
    }
    std::uint64_t flushes = 0;
    if (fields >> flushes) {
      return flushes;
    }
  }
  return std::nullopt;
}

std::uint64_t bytes_of(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::is_directory(path, failed)) {
    const std::uintmax_t size = std::filesystem::file_size(path, failed);
    return failed ? 0 : size;
  }
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path, failed)) {
    const std::uintmax_t size = entry.is_regular_file(failed) ? entry.file_size(failed) : 0;
    bytes += failed ? 0 : size;
  }
  return bytes;
}

text::Json machine() {
  utsname kernel{};
  ::uname(&kernel);
  std::string system = "unknown";
  std::istringstream release(text_of("/etc/os-release"));
  constexpr std::string_view kName = "PRETTY_NAME=\"";
  for (std::string line; std::getline(release, line);) {
    if (line.starts_with(kName) && line.ends_with('"')) {
      system = line.substr(kName.size(), line.size() - kName.size() - 1);
    }
  }
  constexpr std::uint64_t kKibPerMib = 1024;
  return {
      {"processor", value_after(text_of("/proc/cpuinfo"), "model name").value_or("unknown")},
      {"processors", std::thread::hardware_concurrency()},
      {"memory_mib", number_after(text_of("/proc/meminfo"), "MemTotal") / kKibPerMib},
      {"kernel", std::string(kernel.release)},
      {"system", system},
  };
}

text::Json durability(const std::string& folder) {
  struct statfs place{};
  const bool known = ::statfs(folder.c_str(), &place) == 0;
  const bool in_memory = known && static_cast<long>(place.f_type) == kTmpfs;
  std::ostringstream type;
  type << "0x" << std::hex << (known ? static_cast<unsigned long>(place.f_type) : 0UL);
  return {{"folder", folder},
          {"filesystem_type", in_memory ? "tmpfs" : type.str()},
          {"in_memory", in_memory}};
}

}  // namespace chancery::cli::bench
