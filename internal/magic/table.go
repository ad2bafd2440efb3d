package magic

// row is a kind of file, with the bytes that such a file has from the place at on.
type row struct {
	at     int
	begins string
	Kind
}

const (
	again  = "download it again"
	unpack = "unpack it first"
	resave = "torch.load it and torch.save it again"
	onnx   = "save the weights of the network it was exported from"
	asPNG  = "save it as PNG"
	remove = "remove it"
	raw    = "develop it to PNG or JPEG"
	frames = "save its frames as PNG or JPEG"
)

// binaries are kinds whose bytes are compared as they are. The first row that fits counts.
var binaries = []row{
	// images
	{0, "\x89PNG\r\n\x1a\n", Kind{"a PNG image", ""}},
	{0, "\xff\xd8\xff", Kind{"a JPEG image", ""}},
	{0, "\x89PNG\n", Kind{"a PNG image whose line ends a transfer has changed", again}},
	{0, "\xc2\x89PNG", Kind{"a PNG image that was written as text", again}},
	{0, "\xef\xbf\xbdPNG", Kind{"a PNG image that was written as text", again}},
	{0, "\xc3\xbf\xc3\x98\xc3\xbf", Kind{"a JPEG image that was written as text", again}},
	{0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", Kind{"a file that was written as text", again}},
	{0, "GIF87a", Kind{"a GIF image", asPNG}},
	{0, "GIF89a", Kind{"a GIF image", asPNG}},
	{0, "BM", Kind{"a BMP image", asPNG}},
	{8, "WEBP", Kind{"a WebP image", asPNG}},
	{4, "ftypavi", Kind{"an AVIF image", asPNG}},
	{4, "ftyphei", Kind{"a HEIC image", asPNG}},
	{4, "ftyphev", Kind{"a HEIC image", asPNG}},
	{4, "ftypmif1", Kind{"a HEIF or AVIF image", asPNG}},
	{4, "ftypmsf1", Kind{"a HEIF or AVIF image", asPNG}},
	{4, "ftypcrx ", Kind{"a camera's raw image", raw}},
	{0, "FUJIFILMCCD-RAW", Kind{"a camera's raw image", raw}},
	{0, "IIRO", Kind{"a camera's raw image", raw}},
	{0, "IIU\x00", Kind{"a camera's raw image", raw}},
	{0, "II\xbc\x01", Kind{"a JPEG XR image", asPNG}},
	{0, "II*\x00", Kind{"a TIFF image", asPNG}},
	{0, "MM\x00*", Kind{"a TIFF image", asPNG}},
	{0, "II+\x00", Kind{"a BigTIFF image", asPNG}},
	{0, "MM\x00+", Kind{"a BigTIFF image", asPNG}},
	{0, "\x00\x00\x00\x0cjP  \r\n\x87\n", Kind{"a JPEG 2000 image", asPNG}},
	{0, "\xff\x4f\xff\x51", Kind{"a JPEG 2000 image", asPNG}},
	{0, "\x00\x00\x00\x0cJXL \r\n\x87\n", Kind{"a JPEG XL image", asPNG}},
	{0, "\xff\x0a", Kind{"a JPEG XL image", asPNG}},
	{0, "8BPS", Kind{"a Photoshop image", asPNG}},
	{0, "gimp xcf", Kind{"a GIMP image", asPNG}},
	{0, "\x00\x00\x01\x00", Kind{"a Windows icon", asPNG}},
	{0, "icns", Kind{"an icon of macOS", asPNG}},
	{0, "v/1\x01", Kind{"an OpenEXR image", asPNG}},
	{0, "#?RADIANCE", Kind{"a Radiance HDR image", asPNG}},
	{0, "DDS ", Kind{"a DDS texture", asPNG}},
	{0, "qoif", Kind{"a QOI image", asPNG}},
	{0, "FLIF", Kind{"a FLIF image", asPNG}},
	{0, "farbfeld", Kind{"a farbfeld image", asPNG}},
	{0, "\x01\xda", Kind{"an SGI image", asPNG}},
	{0, "SIMPLE  =", Kind{"a FITS image", asPNG}},
	{128, "DICM", Kind{"a DICOM image", asPNG}},
	{0, "AT&TFORM", Kind{"a DjVu document", asPNG}},
	{0, "%!PS", Kind{"a PostScript file", asPNG}},
	{0, "P1\n", Kind{"a PBM image", asPNG}},
	{0, "P2\n", Kind{"a PGM image", asPNG}},
	{0, "P3\n", Kind{"a PPM image", asPNG}},
	{0, "P4\n", Kind{"a PBM image", asPNG}},
	{0, "P5\n", Kind{"a PGM image", asPNG}},
	{0, "P6\n", Kind{"a PPM image", asPNG}},
	{0, "P5 ", Kind{"a PGM image", asPNG}},
	{0, "P6 ", Kind{"a PPM image", asPNG}},
	{0, "P7\n", Kind{"a PAM image", asPNG}},
	{0, "PF\n", Kind{"a PFM image", asPNG}},
	{0, "Pf\n", Kind{"a PFM image", asPNG}},

	// what stands beside images
	{0, "\x00\x00\x00\x01Bud1", Kind{"a Mac's .DS_Store, which holds no image", remove}},
	{0, "\x00\x05\x16\x07", Kind{"a Mac's AppleDouble file, which holds no image", remove}},
	{0, "\x00\x05\x16\x00", Kind{"a Mac's AppleSingle file", remove}},
	{4, "ftyp", Kind{"an MP4 or QuickTime video", frames}},
	{8, "AVI ", Kind{"an AVI video", frames}},
	{0, "\x1aE\xdf\xa3", Kind{"a Matroska or WebM video", frames}},
	{0, "\x00\x00\x01\xba", Kind{"an MPEG video", frames}},
	{8, "WAVE", Kind{"a WAV sound", remove}},
	{0, "ID3", Kind{"an MP3 sound", remove}},
	{0, "OggS", Kind{"an Ogg sound or video", remove}},

	// arrays and weights
	{0, "\x93NUMPY", Kind{"a NumPy array (.npy)", ""}},
	{0, "\x89HDF\r\n\x1a\n", Kind{"an HDF5 file", "save its arrays as .npy or safetensors"}},
	{0, "GGUF", Kind{"a GGUF file", "convert it to safetensors"}},
	{0, "lmgg", Kind{"a GGML file", "convert it to safetensors"}},
	{4, "TFL3", Kind{"a TensorFlow Lite model", ""}},
	{0, "tjgg", Kind{"a GGML file", "convert it to safetensors"}},
	{0, "fmgg", Kind{"a GGML file", "convert it to safetensors"}},
	{4, "ORTM", Kind{"a model of ONNX Runtime", onnx}},
	{4, "pytorch", Kind{"an ONNX model", onnx}},
	{4, "onnx", Kind{"an ONNX model", onnx}},
	{4, "tf2onnx", Kind{"an ONNX model", onnx}},
	{4, "skl2onnx", Kind{"an ONNX model", onnx}},
	{0, "\x12\x01\x00\x00\x00\x00\x00\x00", Kind{"an MXNet parameter file", "save them as .npz"}},
	{0, "MATLAB 7.3 MAT-file", Kind{"a MATLAB file", "save its arrays as .npy"}},
	{0, "MATLAB 5.0 MAT-file", Kind{"a MATLAB file", "save its arrays as .npy"}},
	{0, "PAR1", Kind{"a Parquet file", "save its columns as .csv or .npy"}},
	{0, "ARROW1", Kind{"an Arrow file", "save its columns as .csv or .npy"}},
	{0, "RDX3\n", Kind{"an R data file", "write.csv its data"}},

	// what holds other files
	{30, "[Content_Types].xml", Kind{"an Excel sheet or other Office document", "save it as CSV"}},
	{0, "PK\x03\x04", Kind{"a zip file", ""}},
	{0, "PK\x05\x06", Kind{"an empty zip file", ""}},
	{0, "PK\x07\x08", Kind{"a zip file in several parts", ""}},
	{0, "\x1f\x8b", Kind{"a gzip file", unpack}},
	{0, "BZh", Kind{"a bzip2 file", unpack}},
	{0, "\xfd7zXZ\x00", Kind{"an xz file", unpack}},
	{0, "\x28\xb5\x2f\xfd", Kind{"a Zstandard file", unpack}},
	{0, "\x04\x22\x4d\x18", Kind{"an LZ4 file", unpack}},
	{0, "7z\xbc\xaf\x27\x1c", Kind{"a 7-Zip file", unpack}},
	{0, "Rar!\x1a\x07", Kind{"a RAR file", unpack}},
	{0, "sys_info\x00", Kind{"a tar file of PyTorch 0.1", "if you trust it, torch.load it with weights_only=False and torch.save it again"}},
	{257, "ustar", Kind{"a tar file", unpack}},

	{0, "\x0a\x23\xd7\xce", Kind{"an MXNet RecordIO file", unpack}},
	{16, "\xde\xc0\xef\xbe", Kind{"an LMDB database", "save its values as files"}},

	// others
	{0, "%PDF-", Kind{"a PDF file", ""}},
	{0, "SQLite format 3\x00", Kind{"an SQLite database", ""}},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind{"an old Microsoft Office file, or Windows' Thumbs.db", ""}},
	{0, "\x7fELF", Kind{"a program", ""}},
	{0, "MZ", Kind{"a Windows program", ""}},
	{0, "\xfe\xff", Kind{"text in UTF-16", "save it as UTF-8"}},
	{0, "\xff\xfe", Kind{"text in UTF-16", "save it as UTF-8"}},

	// pickles: first those of PyTorch, whose magic number 0x1950a86a20f9469cfc6c each protocol writes in its own way
	{0, "L119547037146038801333356L\n.", OldPyTorch},
	{0, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", OldPyTorch},
	{0, "\x80\x03\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", OldPyTorch},
	{0, "\x80\x04\x95\x0d\x00\x00\x00\x00\x00\x00\x00\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", OldPyTorch},
	{0, "\x80\x05\x95\x0d\x00\x00\x00\x00\x00\x00\x00\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", OldPyTorch},
	{0, "\x80\x02", Pickle},
	{0, "\x80\x03", Pickle},
	{0, "\x80\x04", Pickle},
	{0, "\x80\x05", Pickle},
}

// texts are kinds of text, in which case and blanks at the beginning do not count.
var texts = []row{
	{0, "version https://git-lfs", Kind{"a Git LFS pointer, not the file it stands for", "git lfs pull"}},
	{0, "<!doctype html", Kind{"an HTML page, perhaps a server's error or login page", again}},
	{0, "<html", Kind{"an HTML page, perhaps a server's error or login page", again}},
	{0, "<head", Kind{"an HTML page, perhaps a server's error or login page", again}},
	{0, "<!--", Kind{"an HTML or XML page", again}},
	{0, "<svg", Kind{"an SVG drawing", asPNG}},
	{0, "<?xml", Kind{"an XML file, perhaps a server's error or a drawing", ""}},
	{0, "model_checkpoint_path:", Kind{"a list of TensorFlow's checkpoints", "save the variables as .npz"}},
	{0, "/9j/", Kind{"a JPEG image in base64", "decode it: base64 -d"}},
	{0, "ivborw0kgg", Kind{"a PNG image in base64", "decode it: base64 -d"}},
	{0, "data:image/", Kind{"a data URL, text that holds an image", "decode what stands behind its comma: base64 -d"}},
	{0, "[.shellclassinfo]", Kind{"a desktop.ini of Windows, which holds no image", remove}},
	{0, "[zonetransfer]", Kind{"a Zone.Identifier of Windows, which holds no image", remove}},
	{0, `{"weight_map"`, Kind{"the index of sharded weights", ""}},
	{0, "{", Kind{"a JSON file", ""}},
	{0, "#!", Kind{"a script", ""}},
}
