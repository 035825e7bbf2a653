# services.headroom.enable = true: the service in every session, with its window and its place in the top bar of GNOME.
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
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = config.services.pipewire.enable && config.services.pipewire.wireplumber.enable;
        message = "services.headroom needs services.pipewire with WirePlumber";
      }
    ];
    environment.systemPackages = [ cfg.package ];
    services.dbus.packages = [ cfg.package ];
    systemd.packages = [ cfg.package ];
    # NixOS takes no [Install] sections from packages.
    systemd.user.services.headroom.wantedBy = [ "default.target" ];
    security.rtkit.enable = lib.mkDefault true;
  };
}
