// Counts the words of text files: every word yields its new count at once.
//
//   build/bin/word_count --input 'books/*.txt' --parallelism 2
#include <cctype>

#include <weir/weir.hpp>

struct WordCount {
  std::string word;
  std::int64_t count = 0;
};
WEIR_RECORD(WordCount, word, count);

WEIR_JOB(word_count) {
  const auto input = options.get("input", {.help = "text files to read, such as 'books/*.txt'"});
  const auto output = options.get("output", {.help = "CSV file to write; empty: print", .fallback = ""});

  auto counts = pipeline.source("lines", weir::TextLines{.path = input})
                    .flat_map<std::string>([](const std::string& line, auto&& out) {
                      std::string word;
                      for (const unsigned char sign : line + " ") {
                        if (std::isalnum(sign)) {
                          word += static_cast<char>(std::tolower(sign));
                        } else if (!word.empty()) {
                          out(std::exchange(word, {}));
                        }
                      }
                    }, {.name = "split"})
                    .key_by([](const std::string& word) { return word; })
                    .count("count")
                    .map([](const auto& row) { return WordCount{row.key, row.value}; });

  if (output.empty()) counts.sink("console", weir::Console{});
  else counts.global().sink("file", weir::CsvFile{.path = output}, {.parallelism = 1});
}
