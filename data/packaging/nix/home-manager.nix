# services.headroom.enable = true in Home Manager: for one person, on any distribution with PipeWire and WirePlumber.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.headroom;
in
{
  options.services.headroom = {
    enable = lib.mkEnableOption "Headroom, which keeps sudden loud sound away from your ears";
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      description = "The package of Headroom.";
    };
    profiles = lib.mkOption {
      type = lib.types.attrsOf (lib.types.either lib.types.path lib.types.lines);
      default = { };
      example = {
        evening = ''
          extends = "default"
          [leveller]
          target_lufs = -23.0
        '';
      };
      description = "Profiles of your own, by name.";
    };
  };

  config = lib.mkIf cfg.enable {
    home.packages = [ cfg.package ];
    xdg.configFile =
      lib.mapAttrs' (
        name: profile:
        lib.nameValuePair "headroom/profiles/${name}.toml" (
          if builtins.isPath profile then { source = profile; } else { text = profile; }
        )
      ) cfg.profiles
      // {
        "systemd/user/headroom.service".source = "${cfg.package}/lib/systemd/user/headroom.service";
        "systemd/user/default.target.wants/headroom.service".source =
          "${cfg.package}/lib/systemd/user/headroom.service";
      };
    xdg.dataFile."dbus-1/services/com.example.Headroom.service".source =
      "${cfg.package}/share/dbus-1/services/com.example.Headroom.service";
  };
}
