// The main of a target in every build but libFuzzer's: runs the kept inputs, each file of each folder named.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "orchestrator/base/file.h"
#include "tests/fuzz/fuzz.h"

int main(int count, char** arguments) {
    std::vector<std::filesystem::path> inputs;
    for (int at = 1; at < count; ++at) {
        if (!std::filesystem::is_directory(arguments[at])) {
            inputs.emplace_back(arguments[at]);
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(arguments[at])) inputs.push_back(entry);
    }
    std::sort(inputs.begin(), inputs.end());
    for (const std::filesystem::path& input : inputs) {
        std::fprintf(stderr, "%s\n", input.c_str());
        const std::string bytes = rehearse::read_file(input);
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    std::printf("%zu inputs, every promise kept\n", inputs.size());
    return inputs.empty() ? 1 : 0;
}
