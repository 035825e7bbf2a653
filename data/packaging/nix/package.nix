# Headroom, from this tree: version and crates come from its Cargo.toml and Cargo.lock.
{
  lib,
  stdenv,
  rustPlatform,
  cargo,
  rustc,
  meson,
  ninja,
  pkg-config,
  gettext,
  git,
  wrapGAppsHook4,
  gtk4,
  libadwaita,
  pipewire,
}:

let
  source = ../../..;
  manifest = builtins.fromTOML (builtins.readFile (source + "/Cargo.toml"));
in
stdenv.mkDerivation {
  pname = "headroom";
  version = manifest.workspace.package.version;
  src = lib.cleanSource source;

  cargoDeps = rustPlatform.importCargoLock { lockFile = source + "/Cargo.lock"; };

  nativeBuildInputs = [
    rustPlatform.cargoSetupHook
    rustPlatform.bindgenHook
    cargo
    rustc
    meson
    ninja
    pkg-config
    gettext
    git
    wrapGAppsHook4
  ];
  buildInputs = [
    gtk4
    libadwaita
    pipewire
  ];

  mesonFlags = [
    "-Dgnome_shell=45"
    "-Ddeployment=package/system/nix"
  ];

  postPatch = "patchShebangs build-aux po";

  passthru.extensionUuid = "headroom@headroom.example.com";

  meta = {
    description = "Keeps sudden loud sound away from your ears";
    homepage = "https://headroom.example.com/";
    license = [
      lib.licenses.gpl3Plus
      lib.licenses.mpl20
    ];
    mainProgram = "headroom";
    platforms = lib.platforms.linux;
  };
}
