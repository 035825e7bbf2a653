# Evaluates the recipes beside it without Nixpkgs, with the little of it that they name: nix-instantiate --eval --strict
{ version }:

let
  # As Nixpkgs has them.
  lib = rec {
    mkEnableOption = description: {
      inherit description;
      default = false;
    };
    mkOption = option: option;
    mkIf = condition: content: if condition then content else { };
    mkDefault = value: value;
    types = {
      package = "package";
      path = "path";
      lines = "lines";
      attrsOf = type: { attrsOf = type; };
      either = one: other: [ one other ];
    };
    nameValuePair = name: value: { inherit name value; };
    mapAttrs' =
      each: set:
      builtins.listToAttrs (map (name: each name set.${name}) (builtins.attrNames set));
    genAttrs =
      names: each:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = each name;
        }) names
      );
    cleanSource = source: source;
    licenses = {
      gpl3Plus = "GPL-3.0-or-later";
      mpl20 = "MPL-2.0";
    };
    platforms.linux = [ "x86_64-linux" ];
  };
  # A package is where it will lie.
  stub = name: { outPath = "/nix/store/${name}"; };
  pkgs = {
    inherit lib;
    stdenv.mkDerivation = recipe: recipe // { outPath = "/nix/store/${recipe.pname}-${recipe.version}"; };
    rustPlatform = {
      importCargoLock = { lockFile }: assert builtins.pathExists lockFile; stub "crates";
      cargoSetupHook = stub "cargo-setup-hook";
      bindgenHook = stub "bindgen-hook";
    };
    callPackage =
      file: overrides:
      let
        recipe = import file;
        # It fails where one is asked for that is not named here.
        arguments = builtins.mapAttrs (name: _: pkgs.${name}) (builtins.functionArgs recipe);
      in
      recipe (arguments // overrides);
  }
  // lib.genAttrs [
    "cargo"
    "rustc"
    "meson"
    "ninja"
    "pkg-config"
    "gettext"
    "git"
    "wrapGAppsHook4"
    "gtk4"
    "libadwaita"
    "pipewire"
  ] stub;

  # evaluate MODULE SETTINGS CONFIG: what a module makes of settings, its options' defaults below them.
  evaluate =
    file: settings: others:
    let
      module = import file { inherit config lib pkgs; };
      defaults = builtins.mapAttrs (_: option: option.default) module.options.services.headroom;
      config.services = others // { headroom = defaults // settings; };
    in
    module.config;

  place = "/nix/store/headroom-${version}";
  package = pkgs.callPackage ./package.nix { };
  pipewire.pipewire = {
    enable = true;
    wireplumber.enable = true;
  };
  system = evaluate ./nixos.nix { enable = true; } pipewire;
  without = evaluate ./nixos.nix { enable = true; } {
    pipewire = {
      enable = true;
      wireplumber.enable = false;
    };
  };
  home = evaluate ./home-manager.nix {
    enable = true;
    profiles = {
      evening = "extends = \"default\"";
      file = ./package.nix;
    };
  } { };
  flake = (import ./flake.nix).outputs {
    self = { };
    nixpkgs = {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (_: pkgs);
    };
  };
  home_files = builtins.attrNames home.xdg.configFile;
in
assert package.version == version;
assert builtins.all (input: input ? outPath) (package.nativeBuildInputs ++ package.buildInputs);
assert builtins.elem "-Ddeployment=package/system/nix" package.mesonFlags;
assert builtins.length package.meta.license == 2;
assert evaluate ./nixos.nix { } pipewire == { };
assert evaluate ./home-manager.nix { } { } == { };
assert system.systemd.user.services.headroom.wantedBy == [ "default.target" ];
assert map toString system.systemd.packages == [ place ];
assert map toString system.services.dbus.packages == [ place ];
assert builtins.all (it: it.assertion) system.assertions;
assert !(builtins.all (it: it.assertion) without.assertions);
assert home_files == [
  "headroom/profiles/evening.toml"
  "headroom/profiles/file.toml"
  "systemd/user/default.target.wants/headroom.service"
  "systemd/user/headroom.service"
];
assert home.xdg.configFile."headroom/profiles/evening.toml" ? text;
assert home.xdg.configFile."headroom/profiles/file.toml".source == ./package.nix;
assert home.xdg.configFile."systemd/user/headroom.service".source == "${place}/lib/systemd/user/headroom.service";
assert home.xdg.dataFile."dbus-1/services/com.example.Headroom.service".source
  == "${place}/share/dbus-1/services/com.example.Headroom.service";
assert toString flake.packages.x86_64-linux.default == place;
assert flake.packages.aarch64-linux.headroom.version == version;
assert builtins.isFunction flake.nixosModules.default;
assert builtins.isFunction flake.homeManagerModules.default;
"evaluated: headroom ${version}"
