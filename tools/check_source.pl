# Checks what no compiler does: sizes, layers, banned words. Prints file:line: what.
use v5.36;

my $wrong = 0;

sub complain ($file, $line, $what) {
    say "$file:$line: $what";
    $wrong++;
}

# Foreign headers and the files that may include them.
my %home = (
    'libpq-fe.h'   => qr{^common/io/(db|db_asked|db_pool|rows|db_internal)\.[ch]$},
    'hiredis.h'    => qr{^common/io/redis\w*\.[ch]$},
    'hiredis/hiredis.h' => qr{^common/io/redis\w*\.[ch]$},
    'microhttpd.h' => qr{^api/http/server\w*\.[ch]$},
    'sodium.h'     => qr{^(common/base/(crypto|signing)|policy/memo)\.c$},
    'openssl/evp.h' => qr{^common/base/hasher\.c$},
    'cjose/cjose.h' => qr{^common/base/jws\.c$},
    'liboath/oath.h' => qr{^api/sign_in/one_time_code\.c$},
    'seccomp.h'    => qr{^(worker/sandbox/local/\w+|policy/confine)\.c$},
    (map { $_ => qr{^common/domain/unicode\.c$} }
        qw(unicode/uchar.h unicode/unorm2.h unicode/uscript.h unicode/uspoof.h unicode/ustring.h)),
    'pg_query.h'   => qr{^policy/sql\.c$},
    'tree_sitter/api.h' => qr{^policy/python_(tree|memory)\.c$},
    'curl/curl.h'  => qr{^common/io/http\w*\.[ch]$},
);

# A file below the first may include what is below the second.
my @layers = (
    ['common/base/',   qr{^common/base/}],
    ['common/io/',     qr{^(common/(base|io)/|build/gen/)}],
    ['common/domain/', qr{^(common/|build/gen/)}],
    # One backend knows nothing of another; what they share lies above them.
    (map { [
        "worker/sandbox/$_/",
        qr{^(common/base/|common/io/http|common/domain/bundle\.h$|worker/sandbox/($_/|\w+\.h$))},
    ] } qw(local e2b daytona)),
    ['worker/sandbox/',
        qr{^(common/base/|common/io/http|common/domain/bundle\.h$|worker/sandbox/\w+\.h$)}],
    ['worker/llm/',    qr{^(common/base/|common/io/http|worker/llm/)}],
    ['worker/target/', qr{^(common/base/|common/io/http|worker/target/)}],
    ['policy/',        qr{^(common/base/|policy/)}],
    ['worker/',        qr{^(common/|worker/|build/gen/)}],
    ['api/',           qr{^(common/|api/|build/gen/)}],
    ['admin/',         qr{^(common/|admin/|build/gen/)}],
    ['tests/',         qr{^(common|api|worker|admin|policy|tests|build/gen)/}],
);

my $banned = qr/\b(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|strtok|gets|atoi|atol|atof|system|
                  popen|alloca|setjmp|longjmp)\s*\(/x;

sub strip ($text) {    # comments and the insides of strings, keeping the lines
    $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}
              { my $m = $1; my $n = $m =~ tr/\n//; $m =~ /^["']/ ? '""' : ' ' . "\n" x $n }gse;
    return $text;
}

sub check_lines ($file, $limit, @lines) {
    complain($file, scalar @lines, 'has ' . @lines . " lines; $limit is the limit")
        if @lines > $limit;
    for my $i (0 .. $#lines) {
        my $line = $lines[$i];
        complain($file, $i + 1, 'is longer than 100 characters') if length $line > 100;
        complain($file, $i + 1, 'ends in a blank') if $line =~ /[ \t]$/;
        complain($file, $i + 1, 'has a tab') if $line =~ /\t/;
        complain($file, $i + 1, 'leaves something to do')
            if $line =~ /\b(TO\x44O|FIX\x4dE|XX\x58|HAC\x4b)\b/;
    }
}

sub check_include ($file, $number, $name) {
    my $where = $home{$name};
    complain($file, $number, "$name has another home") if $where && $file !~ $where
        && $file !~ m{^tests/};
    return if $name !~ m{^(common|api|worker|admin|policy|tests|build)/};
    for my $layer (@layers) {
        next unless index($file, $layer->[0]) == 0;
        complain($file, $number, "$layer->[0] knows nothing of $name") if $name !~ $layer->[1];
        return;
    }
}

# Length, depth and parameters of functions; the brace of one opens in column 0.
sub check_functions ($file, @lines) {
    my ($start, $depth) = (0, 0);
    for my $i (0 .. $#lines) {
        my $line = $lines[$i];
        ($start, $depth) = ($i, 0) if $line =~ /^\{/ && $i && $lines[$i - 1] !~ /=\s*$/;
        next unless $start;
        my $indent = ($line =~ /^( *)\S/) ? length($1) / 4 : 0;
        if ($line =~ /^\}/) {
            my $size = $i - $start - 1;
            complain($file, $start + 1, "the function has $size lines; 60 is the limit")
                if $size > 60;
            $start = 0;
            next;
        }
        $depth += ($line =~ tr/{//) - ($line =~ tr/}//);
        complain($file, $i + 1, 'nests deeper than 3') if $depth > 4;
    }
}

sub check_parameters ($file, $text) {
    my $head = qr/^[a-z][\w \*]*?\b(\w+)\(([^;{}()]*(?:\([^()]*\)[^;{}()]*)*)\)[^;{}()]*\n\{/m;
    while ($text =~ /$head/g) {
        my ($name, $list) = ($1, $2);
        next if $list =~ /\bMHD_/;    # a callback: the library says what it takes
        my $line = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);
        my $count = 1 + ($list =~ tr/,//);
        $count-- if $list =~ /struct error \*err\s*$/;    # every function that can fail has it
        complain($file, $line, "$name takes $count parameters; 5 is the limit") if $count > 5;
    }
}

sub check_c ($file, $raw) {
    my $text = strip($raw);
    my @lines = split /\n/, $text;
    my $number = 0;
    for my $line (split /\n/, $raw) {
        $number++;
        check_include($file, $number, $2) if $line =~ /^#include ([<"])([^>"]+)[>"]/;
    }
    $number = 0;
    for my $line (@lines) {
        $number++;
        complain($file, $number, "$1 is banned") if $line =~ $banned;
        complain($file, $number, 'goto is banned') if $line =~ /\bgoto\b/;
        complain($file, $number, 'typedef is for function types alone')
            if $line =~ /^\s*typedef\b/ && $line !~ /_fn\b/;
    }
    complain($file, 1, 'needs #pragma once')
        if $file =~ /\.h$/ && $raw !~ /^#pragma once/m && $raw !~ /No #pragma once/;
    complain($file, 1, 'says in its first comment what it is for')
        if $file =~ /\.h$/ && $raw !~ m{\A/\*};
    check_functions($file, @lines);
    check_parameters($file, $text);
}

my %limits = (h => 80, c => 400, ts => 400, tsx => 400, mjs => 400, sql => 400, css => 400,
    py => 400, pl => 400, awk => 400, sh => 400, '' => 400);

chomp(my @files = qx(git ls-files -co --exclude-standard));
my $checked = 0;
for my $file (@files) {
    next unless -f $file;
    next if $file =~ m{^tests/deception/};    # bad on purpose
    my ($kind) = $file =~ /\.(\w+)$/;
    $kind //= $file =~ m{^tools/|^\.ci/} ? '' : next;
    next unless exists $limits{$kind};
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/;
    my $text = <$in>;
    my $limit = $file eq 'common/base/settings_table.h' ? 400 : $limits{$kind};
    check_lines($file, $limit, split /\n/, $text);
    check_c($file, $text) if $kind =~ /^[ch]$/;
    $checked++;
}
say "$checked files" unless $wrong;
exit($wrong ? 1 : 0);
