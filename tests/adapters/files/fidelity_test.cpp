// What a file system keeps comes back: everything is captured, destroyed, restored, and judged by others too.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <cstring>

#include "tests/adapters/files/tree.h"

using namespace rehearse;
using test::FileTree;
using test::must;
using namespace std::string_literals;

namespace {

void set_mtime(const std::filesystem::path& path, time_t seconds, long nanoseconds) {
    const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 2}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    must(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), path);
}

/// Every oddity that a file system allows, as far as this user may make it.
void make_oddities(FileTree& tree) {
    tree.write("plain.conf", "listen 80;\n");
    tree.write("empty");
    tree.write("empty", "");
    tree.write("a/b/c/deep.txt", "deep");
    std::filesystem::create_directory(tree.at("empty folder"));
    std::filesystem::create_directories(tree.at("only/empty/folders"));
    for (const std::string& name : {"\xff\xfe not utf-8"s,
                                    "new\nline"s,
                                    "tab\t"s,
                                    "quote\"s"s,
                                    "back\\slash"s,
                                    "percent%41"s,
                                    "A%"s,
                                    " "s,
                                    "caf\u00e9"s,
                                    "cafe\u0301"s,
                                    "\u202egnp.exe"s,
                                    "-rf"s,
                                    "*"s,
                                    "%~deep"s,
                                    ".gitmodules"s,
                                    ".gitattributes"s,
                                    ".gitignore"s,
                                    "git~1"s,
                                    ".GIT"s,
                                    ".git "s,
                                    ".g\u200cit"s,
                                    ".rehearse-meta.jsonl"s,
                                    ".rehearse-metal"s,
                                    "%2Egit"s,
                                    std::string(255, 'n'),
                                    std::string(255, '\x01'),
                                    std::string(254, '\x01') + "x"}) {
        tree.write(name, "the content of " + name);
    }
    tree.write(".git/config", "[core]\n");
    tree.write("checkout/.git/HEAD", "ref: refs/heads/main\n");
    tree.write("checkout/.git/hooks/x", "");
    tree.write("sub/.git", "gitdir: ../checkout/.git/modules/sub\n");
    must(::symlink("plain.conf", tree.at("link").c_str()), "link");
    must(::symlink("/etc/passwd", tree.at("link out").c_str()), "link");
    must(::symlink("nowhere/\xff", tree.at("dangling").c_str()), "link");
    must(::symlink("a", tree.at("link to folder").c_str()), "link");
    set_mtime(tree.at("link"), 1234567890, 5);
    must(::link(tree.at("plain.conf").c_str(), tree.at("a/hard").c_str()), "hard");
    must(::link(tree.at("plain.conf").c_str(), tree.at("zz hard").c_str()), "hard");
    must(::link(tree.at("link").c_str(), tree.at("link hard").c_str()), "hard symlink");
    must(::mkfifo(tree.at("fifo").c_str(), 0620), "fifo");
    must(::link(tree.at("fifo").c_str(), tree.at("fifo too").c_str()), "hard fifo");
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const std::string path = tree.at("socket").string();
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    must(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), "socket");
    ::close(socket);
    const auto sparse = tree.write("sparse", "begin");
    must(::truncate(sparse.c_str(), 3'000'000), "sparse");
    const auto holes = tree.write("large sparse", std::string(5'000'000, 'x'));
    must(::truncate(holes.c_str(), 40'000'000'000), "sparse");
    const int middle = ::open(holes.c_str(), O_WRONLY);
    must(::pwrite(middle, "middle", 6, 20'000'000'123), "sparse");
    ::close(middle);
    tree.write("zeros", std::string(100'000, '\0'));
    std::string large;
    for (std::uint32_t at = 0, mixed = 1; at < 3'000'000; ++at) {
        mixed = mixed * 1664525 + 1013904223;
        large.append(reinterpret_cast<const char*>(&mixed), 3);
    }
    tree.write("large", large);
    tree.write("exactly 4 MiB", std::string(4 << 20, 'x'));
    tree.write("4 MiB and one", std::string((4 << 20) + 1, 'x'));
    for (const auto& [name, mode] :
         {std::pair{"setuid", 04755}, std::pair{"setgid", 02755}, std::pair{"none", 0},
          std::pair{"all", 0777}, std::pair{"script", 0700}}) {
        tree.write(name, name);
        must(::chmod(tree.at(name).c_str(), static_cast<mode_t>(mode)), name);
    }
    std::filesystem::create_directory(tree.at("sticky"));
    must(::chmod(tree.at("sticky").c_str(), 03777), "sticky");
    tree.write("read only folder/file", "x");
    tree.write("xattrs", "x");
    must(::setxattr(tree.at("xattrs").c_str(), "user.\xc3\xa9 \xff", "\0\x01 value%\n", 11, 0), "xattr");
    must(::setxattr(tree.at("xattrs").c_str(), "user.empty", "", 0, 0), "xattr");
    must(::setxattr(tree.at("a").c_str(), "user.of.folder", "x", 1, 0), "xattr");
    must(::setxattr(tree.at("xattrs").c_str(), "user.large", std::string(3000, 'v').c_str(), 3000, 0),
         "xattr");
    test::output_of("setfacl -m u:12:r,g:34:rwx,m:rx '" + tree.at("all").string() + "'; setfacl -m u:7:- '" +
                    tree.at("a/b").string() + "'; setfacl -d -m u:77:rx,o:- '" + tree.at("a/b").string() +
                    "'");
    tree.write("a/b/inherits", "x");
    if (::geteuid() == 0) {
        must(::lchown(tree.at("a/b/c/deep.txt").c_str(), 1234, 4'000'000'000), "owner");
        must(::lchown(tree.at("link out").c_str(), 5, 6), "owner");
        must(::lchown(tree.at("fifo").c_str(), 7, 8), "owner");
        must(::lchown(tree.at("setuid").c_str(), 9, 9), "owner");
        must(::chmod(tree.at("setuid").c_str(), 06755), "setuid");
        const unsigned char capability[] = {1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        must(::setxattr(tree.at("script").c_str(), "security.capability", capability, sizeof capability, 0),
             "capability");
        must(::setxattr(tree.at("script").c_str(), "trusted.x", "t", 1, 0), "trusted");
        must(::lsetxattr(tree.at("link").c_str(), "trusted.link", "t", 1, 0), "trusted on a link");
        must(::mknod(tree.at("device").c_str(), S_IFCHR | 0640, makedev(1, 3)), "device");
        must(::mknod(tree.at("disk").c_str(), S_IFBLK | 0640, makedev(7, 300)), "device");
    }
    set_mtime(tree.at("plain.conf"), 1'000'000'000, 5);
    set_mtime(tree.at("empty"), -86'400, 999'999'999);
    set_mtime(tree.at("large"), 4'000'000'000, 1);
    set_mtime(tree.at("fifo"), 0, 0);
    must(::chmod(tree.at("read only folder").c_str(), 0555), "read only");
    must(::chmod(tree.root().c_str(), 0751), "root");
    must(::setxattr(tree.root().c_str(), "user.root", "r", 1, 0), "xattr");
    for (const char* folder : {"empty folder", "a/b/c", "a/b", "a", "only/empty/folders", "only", ""}) {
        set_mtime(tree.at(folder), 1'500'000'000, 123'456'789);
    }
}

std::string describe(const std::map<std::string, std::string>& before,
                     const std::map<std::string, std::string>& after) {
    std::string text;
    for (const auto& [path, content] : before) {
        const auto found = after.find(path);
        if (found == after.end())
            text += "missing " + path + "\n";
        else if (found->second != content && content.size() < 20000)
            text += "changed " + path + "\n" + content + "---\n" + found->second;
        else if (found->second != content)
            text += "changed " + path + "\n";
    }
    for (const auto& [path, content] : after) {
        if (!before.contains(path)) text += "extra " + path + "\n";
    }
    return text;
}

}  // namespace

#define CHECK_SAME_TREE(tree, before, after)                                   \
    do {                                                                       \
        INFO(describe((tree).trees.files(before), (tree).trees.files(after))); \
        CHECK((before) == (after));                                            \
    } while (false)

TEST_CASE("a hole needs no room for its restore") {
    FileTree tree;
    tree.write("data", std::string(1'000'000, 'x'));
    const auto sparse = tree.write("sparse", "begin");
    must(::truncate(sparse.c_str(), 1'000'000'000'000), "sparse");
    const std::uint64_t bytes = tree.adapter()->observe({}).bytes_in_resource;
    CHECK(bytes >= 1'000'005);
    CHECK(bytes < 2'000'000);
}

TEST_CASE("every oddity of a file system comes back after all of it was destroyed") {
    FileTree tree;
    make_oddities(tree);
    const std::string copy = tree.folder().string() + "/copy";
    const TreeId before = tree.capture();
    CHECK(tree.capture() == before);
    int status = 0;
    // GNU cp -a keeps all that rsync compares; sparse regions are compared by content.
    test::output_of("cp -a --sparse=always '" + tree.root().string() + "' '" + copy + "'", &status);
    REQUIRE(status == 0);

    SUBCASE("item by item, with the root left") {
        tree.destroy();
        CHECK(tree.items().empty());
    }
    SUBCASE("with the root") { test::output_of("rm -rf '" + tree.root().string() + "'"); }
    SUBCASE("spoiled here and there") {
        tree.write("large", "short");
        tree.write("extra/file", "x");
        tree.destroy({"a", "sparse"});
        must(::chmod(tree.at("all").c_str(), 0600), "mode");
        must(::removexattr(tree.at("xattrs").c_str(), "user.empty"), "xattr");
    }
    tree.restore(before);
    const TreeId after = tree.capture();
    CHECK_SAME_TREE(tree, before, after);
    CHECK(tree.status("a/hard").st_ino == tree.status("zz hard").st_ino);
    CHECK(tree.status("plain.conf").st_nlink == 3);
    CHECK(tree.status("sparse").st_blocks * 512 < 1'000'000);
    CHECK(tree.status("large sparse").st_blocks * 512 < 30'000'000);
    CHECK(tree.status("zeros").st_blocks * 512 >= 100'000);
    CHECK(tree.status("plain.conf").st_mtim.tv_nsec == 5);
    CHECK(tree.status("").st_mtim.tv_nsec == 123'456'789);
    if (!test::output_of("command -v rsync").empty()) {
        const std::string differences =
            test::output_of("truncate -s 0 '" + tree.root().string() + "/large sparse' '" + copy +
                            "/large sparse'; rsync -aHAXS --specials --devices --checksum --delete --dry-run "
                            "--itemize-changes --out-format='%i %n' '" +
                            tree.root().string() + "/' '" + copy + "/' | grep -v 'large sparse'");
        CHECK(differences == "");
    } else {
        MESSAGE("rsync is not installed: not compared by it");
    }
}

TEST_CASE("restoring what is already there writes nothing") {
    FileTree tree;
    make_oddities(tree);
    const TreeId before = tree.capture();
    const auto changed = [&] {
        return test::output_of("cd '" + tree.root().string() + "' && find . -printf '%P %i %C@\n' | sort");
    };
    const std::string times = changed();
    const RestoreReport report = tree.restore(before);
    CHECK(report.items_restored == 0);
    CHECK(report.items_removed == 0);
    CHECK(report.bytes_restored == 0);
    CHECK(changed() == times);
}

TEST_CASE("restore counts what was missing, what differed and what was too many") {
    FileTree tree;
    tree.write("a", "aaa");
    tree.write("b", "bbb");
    tree.write("c/d", "ddd");
    const TreeId before = tree.capture();
    tree.write("b", "other");
    std::filesystem::remove(tree.at("a"));
    tree.write("x/y/z", "extra");
    const RestoreReport report = tree.restore(before);
    CHECK(report.items_restored == 3);  // a, b, and the root's own time
    CHECK(report.items_removed == 3);
    CHECK(report.bytes_restored == 6);
    CHECK(report.discarded == std::vector<std::string>{"b", "x/"});  // what was written there is gone: named
    CHECK(tree.capture() == before);
}

TEST_CASE("one flipped byte, one changed mode, one lost attribute is seen, and is put right") {
    FileTree tree;
    tree.write("a/file", "content");
    must(::setxattr(tree.at("a/file").c_str(), "user.x", "1", 1, 0), "xattr");
    const TreeId before = tree.capture();
    const struct stat original = tree.status("a/file");
    SUBCASE("a byte, with the time set back") {
        tree.write("a/file", "cOntent");
        set_mtime(tree.at("a/file"), original.st_mtim.tv_sec, original.st_mtim.tv_nsec);
    }
    SUBCASE("a mode") { must(::chmod(tree.at("a/file").c_str(), 0640), "mode"); }
    SUBCASE("a mode of a folder") { must(::chmod(tree.at("a").c_str(), 0700), "mode"); }
    SUBCASE("a mode of the root") { must(::chmod(tree.root().c_str(), 0700), "mode"); }
    SUBCASE("an attribute's value") {
        must(::setxattr(tree.at("a/file").c_str(), "user.x", "2", 1, 0), "xattr");
    }
    SUBCASE("an attribute") { must(::removexattr(tree.at("a/file").c_str(), "user.x"), "xattr"); }
    SUBCASE("a nanosecond") {
        set_mtime(tree.at("a/file"), original.st_mtim.tv_sec, original.st_mtim.tv_nsec ^ 1);
    }
    SUBCASE("a file that became a folder") {
        std::filesystem::remove(tree.at("a/file"));
        tree.write("a/file/inside", "x");
    }
    SUBCASE("a file that became a symlink to the same content") {
        std::filesystem::rename(tree.at("a/file"), tree.folder() / "elsewhere");
        std::filesystem::create_symlink(tree.folder() / "elsewhere", tree.at("a/file"));
    }
    SUBCASE("a file that became two names of one") {
        must(::link(tree.at("a/file").c_str(), tree.at("a/second").c_str()), "link");
    }
    CHECK(tree.capture() != before);
    tree.restore(before);
    CHECK(tree.capture() == before);
}

TEST_CASE("two equal files that became one are parted again") {
    FileTree tree;
    tree.write("one", "same");
    tree.write("two", "same");
    for (const char* name : {"one", "two"}) set_mtime(tree.at(name), 5, 5);
    const TreeId before = tree.capture();
    std::filesystem::remove(tree.at("two"));
    must(::link(tree.at("one").c_str(), tree.at("two").c_str()), "link");
    CHECK(tree.capture() != before);
    tree.restore(before);
    CHECK(tree.capture() == before);
    CHECK(tree.status("one").st_ino != tree.status("two").st_ino);
}

TEST_CASE("paths beyond PATH_MAX and very deep trees come back") {
    FileTree tree;
    const auto go_down = [&](std::size_t depth, const std::string& name, const auto& at_bottom) {
        int folder = ::open(tree.root().c_str(), O_RDONLY | O_DIRECTORY);
        for (std::size_t level = 0; level < depth; ++level) {
            static_cast<void>(::mkdirat(folder, name.c_str(), 0755));
            const int next = ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY);
            must(next, "deep folder");
            ::close(folder);
            folder = next;
        }
        at_bottom(folder);
        ::close(folder);
    };
    const auto write_file = [](int folder) {
        const int file = ::openat(folder, "bottom", O_WRONLY | O_CREAT, 0644);
        must(::write(file, "deep", 4), "bottom");
        ::close(file);
        must(::linkat(folder, "bottom", folder, "second", 0), "link");
    };
    SUBCASE("long names") { go_down(40, std::string(250, 'l'), write_file); }
    SUBCASE("many levels") { go_down(2500, "d", write_file); }
    const TreeId before = tree.capture();
    for (const auto& [path, content] : tree.trees.files(before)) {
        CHECK(path.size() < 3000);
        CHECK(std::count(path.begin(), path.end(), '/') < 80);
    }
    const std::vector<std::string> items = tree.items();
    CHECK(std::set(items.begin(), items.end()).size() == items.size());
    tree.destroy();
    CHECK(tree.items().empty());
    tree.restore(before);
    CHECK(tree.capture() == before);
}

TEST_CASE("a large file that differs in a byte shares its other blobs with the first") {
    FileTree tree;
    std::string content;
    for (std::uint32_t at = 0, mixed = 7; at < 4'000'000; ++at) {
        mixed = mixed * 1664525 + 1013904223;
        content.append(reinterpret_cast<const char*>(&mixed) + 1, 3);
    }
    tree.write("large", content);
    std::set<std::string> first;
    for (const auto& [path, blob] : tree.trees.files(tree.capture())) first.insert(blob);
    CHECK(first.size() > 5);
    tree.write("large", "inserted" + content);
    std::size_t fresh = 0;
    for (const auto& [path, blob] : tree.trees.files(tree.capture())) fresh += first.contains(blob) ? 0 : 1;
    CHECK(fresh <= 3);  // the first chunk, the sidecar, and a chunk that the first one's cut moved
}
