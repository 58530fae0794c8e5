// Hashing and (de)compressing one object at a time: OpenSSL, ISA-L and libdeflate behind reusable, pooled
// tools.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/snapshots/object_id.h"

namespace rehearse {

/// The tools of one thread. Not for two threads at once: take one from a CodecPool.
class Codec {
  public:
    Codec();
    ~Codec();

    /// The git id of an object: SHA-1 over "<type> <size>\0" and the content.
    [[nodiscard]] ObjectId id_of(ObjectType type, std::string_view content);
    /// 32 raw bytes.
    [[nodiscard]] std::string sha256(std::string_view content);

    /// Appends `content` as one zlib stream to `out`. What a sample shows not to compress is stored, not
    /// squeezed.
    void deflate(std::string_view content, std::string& out);
    /// Inflates the zlib stream that `packed` begins with; `out` gets exactly `size` bytes. False where the
    /// stream is damaged, cut short, or of another size.
    [[nodiscard]] bool inflate(std::string_view packed, std::size_t size, std::string& out);
    /// The same for a stream of unknown size, which is all of `packed`.
    [[nodiscard]] bool inflate_whole(std::string_view packed, std::string& out);
    /// Bytes that the stream of the last inflate() took, where it gave true.
    [[nodiscard]] std::size_t consumed() const { return consumed_; }

    std::string scratch;  // kept between uses so that its memory is

  private:
    struct Tools;
    std::unique_ptr<Tools> tools_;
    std::size_t consumed_ = 0;
};

[[nodiscard]] std::uint32_t crc32_of(std::string_view bytes);

/// Lends codecs to threads; as many live as were ever in use at once.
class CodecPool {
  public:
    class Loan {
      public:
        explicit Loan(CodecPool& pool) : pool_(pool), codec_(pool.take()) {}
        ~Loan() { pool_.give_back(std::move(codec_)); }
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        Codec& operator*() const { return *codec_; }
        Codec* operator->() const { return codec_.get(); }

      private:
        CodecPool& pool_;
        std::unique_ptr<Codec> codec_;
    };

  private:
    std::unique_ptr<Codec> take();
    void give_back(std::unique_ptr<Codec> codec) noexcept;

    std::mutex mutex_;
    std::vector<std::unique_ptr<Codec>> idle_;
};

/// A running SHA-1 for files as a whole (packs and their indexes).
class RunningSha1 {
  public:
    RunningSha1();
    ~RunningSha1();
    void update(std::string_view bytes);
    [[nodiscard]] ObjectId finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace rehearse
