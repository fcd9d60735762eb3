#include "daemon/metrics.h"

#include <string>
#include <vector>

namespace chancery::daemon {
namespace {

constexpr double kMillisecondsOfASecond = 1000;

std::string_view type_word(MetricType type, MetricFormat format) {
  switch (type) {
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kCounter:
      return "counter";
    case MetricType::kInfo:
      return format == MetricFormat::kOpenMetrics ? "info" : "gauge";
  }
  return "unknown";
}

// Of the sample; of the family only in the older format.
std::string_view suffix(MetricType type) {
  switch (type) {
    case MetricType::kGauge:
      return "";
    case MetricType::kCounter:
      return "_total";
    case MetricType::kInfo:
      return "_info";
  }
  return "";
}

// Both formats: a backslash, a quote and the end of a line.
std::string escape_label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

// The part before the first separator; what is left is behind it.
std::string_view take_word(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return word;
}

std::string text_at(const text::Json& object, std::string_view key) {
  const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

class Family {
 public:
  Family(const MetricTable& table, const Metric& metric, MetricFormat format)
      : metric_(metric), name_(table.prefix) {
    name_ += metric.name;
    const bool open = format == MetricFormat::kOpenMetrics;
    const std::string sample = name_ + std::string(suffix(metric.type));
    const std::string& family = open ? name_ : sample;
    out_ = "# HELP " + family + ' ' + std::string(metric.help) + '\n';
    out_ += "# TYPE " + family + ' ' + std::string(type_word(metric.type, format)) + '\n';
    if (open && !metric.unit.empty()) {
      out_ += "# UNIT " + family + ' ' + std::string(metric.unit) + '\n';
    }
    name_ = sample;
  }

  std::string render(const text::Json& status) && {
    visit(status, metric_.where, metric_.labels, {});
    return std::move(out_);
  }

 private:
  // `labels` are the names that have no value yet; `labelled` is the text of the others.
  void visit(const text::Json& value, std::string_view where, std::string_view labels,
             const std::string& labelled) {
    if (where.empty()) {
      read(value, labels, labelled);
      return;
    }
    std::string_view rest = where;
    std::string_view key = take_word(rest, '.');
    if (key == "*") {
      std::string_view more = labels;
      const std::string_view label = take_word(more, ',');
      for (const auto& [name, item] : value.items()) {
        visit(item, rest, more, with(labelled, label, name));
      }
      return;
    }
    const bool is_list = key.ends_with("[]");
    if (is_list) {
      key.remove_suffix(2);
    }
    const auto found = value.is_object() ? value.find(std::string(key)) : value.end();
    if (found == value.end()) {
      return;
    }
    if (!is_list) {
      visit(*found, rest, labels, labelled);
      return;
    }
    for (const text::Json& item : *found) {
      std::string of_item = labelled;
      for (std::string_view more = labels; !more.empty();) {
        const std::string_view label = take_word(more, ',');
        of_item = with(of_item, label, text_at(item, label));
      }
      visit(item, rest, {}, of_item);
    }
  }

  void read(const text::Json& value, std::string_view labels, const std::string& labelled) {
    switch (metric_.reading) {
      case Reading::kNumber:
        if (value.is_boolean()) {
          sample(labelled, value.get<bool>() ? "1" : "0");
        } else if (value.is_number()) {
          sample(labelled, text::dump(value));
        }
        return;
      case Reading::kMilliseconds:
        if (value.is_number()) {
          sample(labelled, text::dump(text::Json(value.get<double>() / kMillisecondsOfASecond)));
        }
        return;
      case Reading::kPresence:
        sample(labelled, value.is_null() ? "0" : "1");
        return;
      case Reading::kLength:
        sample(labelled, std::to_string(value.size()));
        return;
      case Reading::kState: {
        const std::string word = value.is_string() ? value.get<std::string>() : "";
        for (std::string_view states = metric_.states; !states.empty();) {
          const std::string_view state = take_word(states, ',');
          sample(with(labelled, labels, state), word == state ? "1" : "0");
        }
        return;
      }
      case Reading::kText:
        if (value.is_string()) {
          sample(with(labelled, labels, value.get<std::string>()), "1");
        }
        return;
    }
  }

  static std::string with(const std::string& labelled, std::string_view label,
                          std::string_view value) {
    std::string out = labelled;
    out += labelled.empty() ? "" : ",";
    out += label;
    return out + "=\"" + escape_label(value) + '"';
  }

  void sample(const std::string& labelled, std::string_view value) {
    out_ += name_;
    out_ += labelled.empty() ? "" : '{' + labelled + '}';
    out_ += ' ';
    out_ += value;
    out_ += '\n';
  }

  const Metric& metric_;
  std::string name_;  // Of the samples.
  std::string out_;
};

}  // namespace

MetricFormat metric_format(std::string_view accept) {
  return accept.contains("application/openmetrics-text") ? MetricFormat::kOpenMetrics
                                                         : MetricFormat::kPrometheus;
}

std::string_view content_type(MetricFormat format) {
  return format == MetricFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string render_metrics(const MetricTable& table, const text::Json& status,
                           MetricFormat format) {
  std::string out;
  for (const Metric& metric : table.metrics) {
    out += Family(table, metric, format).render(status);
  }
  if (format == MetricFormat::kOpenMetrics) {
    out += "# EOF\n";
  }
  return out;
}

}  // namespace chancery::daemon
