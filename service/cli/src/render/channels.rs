//! Which channel is which in a WAV file: the channel mask, which the WAV library leaves out.
//!
//! Layout of the header: WAVEFORMATEXTENSIBLE, Microsoft's `mmreg.h`.

use std::io::{self, Read, Seek, SeekFrom, Write};

use headroom_dsp::{Layout, Position};

/// `wFormatTag` of a header that has a channel mask.
const EXTENSIBLE: u16 = 0xfffe;
/// Where the mask stands in a format chunk.
const MASK_OFFSET: u64 = 20;
/// Where the format chunk's content begins in a file as the WAV library writes it.
const FORMAT_OFFSET: u64 = 20;
/// Chunks that are looked through for the format; a limit only against a file gone wild.
const MAX_CHUNKS: usize = 64;

/// Speaker positions by their bit in the mask.
const SPEAKERS: [Position; 11] = [
    Position::FrontLeft,
    Position::FrontRight,
    Position::FrontCenter,
    Position::Lfe,
    Position::RearLeft,
    Position::RearRight,
    // Front left and right of centre.
    Position::Other,
    Position::Other,
    Position::RearCenter,
    Position::SideLeft,
    Position::SideRight,
];

/// Returns the layout of a file's channels: by its mask where that fits, else the usual one.
pub(super) fn layout(mask: Option<u32>, channels: usize) -> Option<Layout> {
    let fitting = mask.filter(|mask| channels > 1 && mask.count_ones() as usize == channels);
    let Some(mask) = fitting else { return Layout::from_count(channels) };
    let positions: Vec<Position> = (0..u32::BITS as usize)
        .filter(|bit| mask >> bit & 1 == 1)
        .map(|bit| SPEAKERS.get(bit).copied().unwrap_or(Position::Other))
        .collect();
    Layout::new(&positions)
}

/// Returns the mask of a layout; 0, which claims nothing, if it has places that no bit stands for.
pub(super) fn mask(layout: Layout) -> u32 {
    let bit = |position: &Position| match position {
        Position::Mono => Some(2),
        Position::Other => None,
        position => SPEAKERS.iter().position(|speaker| speaker == position),
    };
    let bits: Option<Vec<usize>> = layout.positions().iter().map(bit).collect();
    bits.map_or(0, |bits| bits.into_iter().fold(0, |mask, bit| mask | 1 << bit))
}

/// Reads the mask of a WAV file, and rewinds it.
///
/// Returns `None` when there is none, or nothing that can be read: the WAV library will say why.
pub(super) fn read_mask<F: Read + Seek>(file: &mut F) -> io::Result<Option<u32>> {
    let mask = find_mask(file);
    file.rewind()?;
    Ok(mask.unwrap_or(None))
}

fn find_mask<F: Read + Seek>(file: &mut F) -> io::Result<Option<u32>> {
    let mut start = 12;
    for _ in 0..MAX_CHUNKS {
        file.seek(SeekFrom::Start(start))?;
        let mut header = [0; 8];
        file.read_exact(&mut header)?;
        let [i, j, k, l, size @ ..] = header;
        let size = u64::from(u32::from_le_bytes(size));
        if [i, j, k, l] == *b"fmt " {
            return mask_at(file, start + 8);
        }
        // Chunks are padded to an even length.
        start += 8 + size + size % 2;
    }
    Ok(None)
}

fn mask_at<F: Read + Seek>(file: &mut F, format: u64) -> io::Result<Option<u32>> {
    let mut tag = [0; 2];
    file.seek(SeekFrom::Start(format))?;
    file.read_exact(&mut tag)?;
    if u16::from_le_bytes(tag) != EXTENSIBLE {
        return Ok(None);
    }
    let mut mask = [0; 4];
    file.seek(SeekFrom::Start(format + MASK_OFFSET))?;
    file.read_exact(&mut mask)?;
    Ok(Some(u32::from_le_bytes(mask)))
}

/// Writes the mask into a file of the WAV library's, if its header has a place for it.
pub(super) fn write_mask<F: Read + Write + Seek>(file: &mut F, mask: u32) -> io::Result<()> {
    if mask_at(file, FORMAT_OFFSET)?.is_some() {
        file.seek(SeekFrom::Start(FORMAT_OFFSET + MASK_OFFSET))?;
        file.write_all(&mask.to_le_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_mask_that_fits_decides_the_layout() {
        use Position::{FrontCenter, FrontLeft, FrontRight, Lfe, RearLeft, RearRight};
        let positions = |mask, channels| layout(mask, channels).unwrap().positions().to_vec();
        assert_eq!(
            positions(Some(0x3f), 6),
            [FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight]
        );
        assert_eq!(positions(Some(0x4_0003), 3)[2], Position::Other);
        for unfit in [None, Some(0), Some(0x3)] {
            assert_eq!(layout(unfit, 6), Layout::from_count(6), "{unfit:?}");
        }
        assert!(layout(Some(0x1ff), 9).is_none() && layout(None, 0).is_none());
    }

    #[test]
    fn usual_layouts_have_their_usual_masks() {
        let masks = [0x4, 0x3, 0x7, 0x33, 0x37, 0x60f, 0x70f, 0x63f];
        for (channels, expected) in (1..).zip(masks) {
            assert_eq!(
                mask(Layout::from_count(channels).unwrap()),
                expected,
                "{channels} channels"
            );
        }
        assert_eq!(mask(Layout::new(&[Position::Other, Position::Lfe]).unwrap()), 0);
    }

    #[test]
    fn a_mask_is_written_where_it_is_read() {
        let mut file = Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels: 6,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        hound::WavWriter::new(&mut file, spec).unwrap().finalize().unwrap();
        write_mask(&mut file, 0x60f).unwrap();
        assert_eq!(read_mask(&mut file).unwrap(), Some(0x60f));
        assert_eq!(file.position(), 0);
        assert_eq!(hound::WavReader::new(file).unwrap().spec(), spec);
    }

    #[test]
    fn a_header_without_a_mask_is_left_alone() {
        let mut file = Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        hound::WavWriter::new(&mut file, spec).unwrap().finalize().unwrap();
        let before = file.get_ref().clone();
        write_mask(&mut file, 0x3).unwrap();
        assert_eq!(*file.get_ref(), before);
        assert_eq!(read_mask(&mut file).unwrap(), None);
    }

    #[test]
    fn nonsense_has_no_mask() {
        for nonsense in [&b""[..], b"RIFF", &[0xff; 5000], &[0; 5000]] {
            assert_eq!(read_mask(&mut Cursor::new(nonsense)).unwrap(), None);
        }
    }
}
