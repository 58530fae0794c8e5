// ISA-L compresses (four times as fast as libdeflate at the same size, decision 0002),
// libdeflate stores, inflates and sums. All tools are made once per codec: per object costs more than a small
// file.
#include "orchestrator/snapshots/codec.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse {
namespace {

using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using DigestKind = Handle<EVP_MD, EVP_MD_free>;
using Compressor = Handle<libdeflate_compressor, libdeflate_free_compressor>;
using Decompressor = Handle<libdeflate_decompressor, libdeflate_free_decompressor>;

constexpr std::size_t worth_sampling = 32U << 10U;
constexpr std::size_t sample_size = 8U << 10U;
constexpr std::size_t trusted_size = 16U << 20U;
constexpr std::size_t largest_object = 1U << 30U;

void require(bool worked) {
    if (worked) return;
    throw Failure({.kind = FailureKind::permanent,
                   .operation = "hash",
                   .object = "snapshot object",
                   .native_code = {},
                   .message = "OpenSSL refused",
                   .remedy = "check the OpenSSL installation"});
}

DigestKind fetch(const char* name) {
    DigestKind kind(EVP_MD_fetch(nullptr, name, nullptr));
    require(kind != nullptr);
    return kind;
}

}  // namespace

struct Codec::Tools {
    DigestKind sha1 = fetch("SHA1");
    DigestKind sha256 = fetch("SHA256");
    DigestContext sha1_context{EVP_MD_CTX_new()};
    DigestContext sha256_context{EVP_MD_CTX_new()};
    Compressor store{libdeflate_alloc_compressor(0)};
    Decompressor inflater{libdeflate_alloc_decompressor()};
    std::string sample;
    isal_zstream stream{};
    std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> stream_memory{};

    bool compresses(std::string_view content) {
        if (content.size() < worth_sampling) return true;
        sample.resize(2 * sample_size);
        std::size_t packed = 0;
        for (const std::size_t at : {std::size_t{0}, (content.size() - sample_size) / 2}) {
            const std::string_view piece = content.substr(at, sample_size);
            packed += squeeze(piece, sample.data(), sample.size());
        }
        return packed < 2 * sample_size * 31 / 32;
    }

    /// One zlib stream at `out`; its size, 0 where it does not fit in `room`.
    std::size_t squeeze(std::string_view content, char* out, std::size_t room) {
        if (content.size() > UINT32_MAX || room > UINT32_MAX) return 0;
        isal_deflate_stateless_init(&stream);
        stream.level = 1;
        stream.level_buf = stream_memory.data();
        stream.level_buf_size = static_cast<std::uint32_t>(stream_memory.size());
        stream.gzip_flag = IGZIP_ZLIB;
        stream.end_of_stream = 1;
        stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(content.data()));
        stream.avail_in = static_cast<std::uint32_t>(content.size());
        stream.next_out = reinterpret_cast<std::uint8_t*>(out);
        stream.avail_out = static_cast<std::uint32_t>(room);
        return isal_deflate_stateless(&stream) == COMP_OK && stream.avail_in == 0 ? stream.total_out : 0;
    }
};

Codec::Codec() : tools_(std::make_unique<Tools>()) {
    if (!tools_->sha1_context || !tools_->sha256_context || !tools_->store || !tools_->inflater) {
        throw std::bad_alloc();
    }
}
Codec::~Codec() = default;

ObjectId Codec::id_of(ObjectType type, std::string_view content) {
    char header[32];
    const int length = std::snprintf(header, sizeof header, "%s %zu", to_string(type).data(), content.size());
    EVP_MD_CTX* context = tools_->sha1_context.get();
    ObjectId id;
    require(EVP_DigestInit_ex2(context, tools_->sha1.get(), nullptr) == 1 &&
            EVP_DigestUpdate(context, header, static_cast<std::size_t>(length) + 1) == 1 &&
            EVP_DigestUpdate(context, content.data(), content.size()) == 1 &&
            EVP_DigestFinal_ex(context, id.bytes.data(), nullptr) == 1);
    return id;
}

std::string Codec::sha256(std::string_view content) {
    EVP_MD_CTX* context = tools_->sha256_context.get();
    std::string raw(32, '\0');
    require(EVP_DigestInit_ex2(context, tools_->sha256.get(), nullptr) == 1 &&
            EVP_DigestUpdate(context, content.data(), content.size()) == 1 &&
            EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(raw.data()), nullptr) == 1);
    return raw;
}

void Codec::deflate(std::string_view content, std::string& out) {
    libdeflate_compressor* store = tools_->store.get();
    const std::size_t start = out.size();
    out.resize(start + libdeflate_zlib_compress_bound(store, content.size()));
    const std::size_t room = out.size() - start;
    std::size_t packed = tools_->compresses(content) ? tools_->squeeze(content, out.data() + start, room) : 0;
    if (packed == 0) {
        packed = libdeflate_zlib_compress(store, content.data(), content.size(), out.data() + start, room);
    }
    if (packed == 0) throw std::bad_alloc();  // cannot happen: the bound was kept
    out.resize(start + packed);
}

bool Codec::inflate(std::string_view packed, std::size_t size, std::string& out) {
    consumed_ = 0;
    if (size > largest_object) return false;
    const auto into = [&](char* bytes) {
        std::size_t produced = 0;
        return libdeflate_zlib_decompress_ex(tools_->inflater.get(), packed.data(), packed.size(), bytes,
                                             size, &consumed_, &produced) == LIBDEFLATE_SUCCESS &&
               produced == size;
    };
    if (size <= trusted_size) {
        out.resize(size);
        return into(out.data());
    }
    // A damaged size can be anything: memory is not touched before there are bytes for it.
    const auto bytes = std::make_unique_for_overwrite<char[]>(size);
    if (!into(bytes.get())) return false;
    out.assign(bytes.get(), size);
    return true;
}

bool Codec::inflate_whole(std::string_view packed, std::string& out) {
    for (std::size_t room = std::max<std::size_t>(trusted_size / 64, packed.size() * 4);; room *= 4) {
        room = std::min(room, largest_object);
        const auto bytes = std::make_unique_for_overwrite<char[]>(room);
        std::size_t produced = 0;
        const libdeflate_result result = libdeflate_zlib_decompress_ex(
            tools_->inflater.get(), packed.data(), packed.size(), bytes.get(), room, &consumed_, &produced);
        if (result == LIBDEFLATE_SUCCESS) {
            out.assign(bytes.get(), produced);
            return consumed_ == packed.size();
        }
        if (result != LIBDEFLATE_INSUFFICIENT_SPACE || room == largest_object) return false;
    }
}

std::uint32_t crc32_of(std::string_view bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

std::unique_ptr<Codec> CodecPool::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            std::unique_ptr<Codec> codec = std::move(idle_.back());
            idle_.pop_back();
            return codec;
        }
    }
    return std::make_unique<Codec>();
}

void CodecPool::give_back(std::unique_ptr<Codec> codec) noexcept {
    try {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(codec));
    } catch (const std::bad_alloc&) {
        return;  // this codec is freed instead of kept
    }
}

struct RunningSha1::State {
    DigestContext context{EVP_MD_CTX_new()};
};

RunningSha1::RunningSha1() : state_(std::make_unique<State>()) {
    require(state_->context && EVP_DigestInit_ex(state_->context.get(), EVP_sha1(), nullptr) == 1);
}
RunningSha1::~RunningSha1() = default;

void RunningSha1::update(std::string_view bytes) {
    require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

ObjectId RunningSha1::finish() {
    ObjectId id;
    require(EVP_DigestFinal_ex(state_->context.get(), id.bytes.data(), nullptr) == 1);
    return id;
}

}  // namespace rehearse
