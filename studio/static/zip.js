// ZIP files (the format: APPNOTE.TXT by PKWARE), without compression, because pictures are compressed already.

const DATE = 0x21; // 1 January 1980: the same drawings give the same bytes

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** @param {Map<string, Uint8Array>} files by path */
export function zip(files) {
  /** @type {Uint8Array[]} */
  const parts = [];
  /** @type {Uint8Array[]} */
  const directory = [];
  let place = 0;
  for (const [path, content] of files) {
    const name = new TextEncoder().encode(path);
    const about = new DataView(new ArrayBuffer(26));
    [20, 0x800, 0, 0, DATE].forEach((value, at) => about.setUint16(2 * at, value, true));
    about.setUint32(10, crc32(content), true);
    about.setUint32(14, content.length, true);
    about.setUint32(18, content.length, true);
    about.setUint16(22, name.length, true);
    const shared = new Uint8Array(about.buffer);
    parts.push(Uint8Array.of(0x50, 0x4b, 3, 4), shared, name, content);
    const rest = new DataView(new ArrayBuffer(14));
    rest.setUint32(10, place, true);
    directory.push(Uint8Array.of(0x50, 0x4b, 1, 2, 20, 0), shared, new Uint8Array(rest.buffer), name);
    place += 30 + name.length + content.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.size, true);
  end.setUint16(10, files.size, true);
  end.setUint32(12, directory.reduce((total, { length }) => total + length, 0), true);
  end.setUint32(16, place, true);
  return new Blob([...parts, ...directory, new Uint8Array(end.buffer)].map((part) => Uint8Array.from(part)), { type: "application/zip" });
}
