"""Words and sentence patterns of invented notes, written for this trainer alone: French, Arabic, English. The measures
in bench/sync have words of their own, so that no dictionary is measured on what it was trained with."""

from __future__ import annotations

FRENCH = """
a abcès abdomen abdominal abdominale absence absent absente accident accouchement actuel actuelle adénopathie
admission adulte affection agité agitation aigu aigüe aiguë air allaitement allergie allergique altération
alimentation amaigrissement amélioration amoxicilline analyse anémie anamnèse angine angor ans antalgique
antibiotique antécédent antécédents anxiété apparition appétit après apyrétique arrêt artère artérielle
arthrose arthralgie articulation articulaire asthénie asthme aspect aspirine associé associée au aucun aucune
augmentation augmenté aujourd auscultation aussi autre avant avec avis axillaire bas bébé bien bilan bilatéral
bilatérale bon bonne bouche bras bronches bronchite brûlure brûlures bruits calme cardiaque cardiaques
cardiologie cardiopulmonaire cardiovasculaire cas ce céphalée céphalées cervical cervicale ces cet cette
cheville chez chirurgie chirurgical choc chronique chute cicatrice cicatrisation clinique colique coloration
comme comprimé comprimés conduite confirmé confus conjonctives conjonctivite connu connue conscient consciente
conseil conseils constipation consultation contact contexte contre contrôle contusion convulsion côté coudes
courbatures crachats crampes créatinine crépitants crise croissance cuisse cutané cutanée cyanose d dans date
de début débuté défense déficit déglutition délai demande demain dentaire depuis dermatite dernier dernière
derrière des désorientation deux diabète diabétique diagnostic diarrhée diastolique difficile difficulté
digestif digestive diminution diminué discret discrète disparition diurèse domicile donc dorsal dorsale dos
dose douleur douleurs douloureuse douloureux droit droite du durée dyslipidémie dyspnée dysurie échographie
eczéma efficace effort électrocardiogramme elle elles en encombrement enceinte endormi enfant enfants entre
envoyé épaule épigastrique épigastralgies épisode épisodes éruption essoufflement est et état été évaluation
évolution examen expectorations explication exploration face facteur facteurs faible faiblesse faire famille
familial familiale fatigue femme fesse fièvre fièvres fille fils fin flanc foie fois fonction force fosse
fracture fréquence fréquent fréquente frissons froid front fumeur gastrite gauche gêne général générale
généralisé genou genoux glycémie gorge gouttes grave gravité grippe grossesse habituel habituelle habitudes
hanche hématome hématurie hémoglobine hépatique heure heures hier homme hospitalisation huit humide
hydratation hygiène hypertension hypertendu hypertendue hypotension hypoglycémie ibuprofène ictère il iliaque
immédiat indication infection inférieur inférieure inférieurs inflammation inflammatoire inguinale inhabituel
insomnie instabilité insuffisance insuline intense intensité intermittent intermittente interrogatoire
intestinal intolérance irradiant irradiation irrégulier irritation isolé isolée jambe jambes jeune jeûn jour
journée jours jusqu l la labiles laryngite lavage le légère légèrement léger les lésion lésions leur
limitation limite liquide lit localisée lombaire lombalgie lombalgies long lors lourdeur lui lundi lymphatique
maigre main mains mais mal malade maladie malaise marche mari marqué masse matin matinale mauvaise maux
médecin médical médicale médicament médicaments membre membres méningé mère mesure métrorragies metformine mg
mictionnelle mictions mois modérée modéré moins moment motif mouvements moyen moyenne muqueuse muqueuses
muscle musculaire mutique n nasal nasale nausée nausées ne née négatif neurologique nez ni nocturne nocturnes
noir non normal normale normalement normaux normocarde notable note noté notée notion nourrisson nouveau
nouvelle nuit nuque obésité observance odynophagie oedème oedèmes oeil omoplate on opéré opérée orale
ordonnance oreille orientation orienté orientée os otite ou ouverture ouvrier oxygène pâle pâleur palpation
palpitations pansement par paracétamol paralysie parents paresthésies parfois pas patient patiente peau
pendant péniciline perception perdu père perfusion périmètre périphérique permet personnel perte peu
pharyngite phlébite pied pieds piqûre plaie plaies plaint plaintes plus plusieurs pneumonie pneumopathie poids
poignet points poitrine polyurie portion position positif positive possible postérieur poumon pour pouls
poussée préalable précédent premier première prendre prescription prescrit présence présent présente présentée
pression prise probable problème prochain produit profession progressif progressive proposé prurit psychique
pulmonaire purulent purulente quantité quatre que quelques qui quinze quotidien radiographie radiologique
râles rapide rapport rare rassuré réaction récent récente récidive recherche reçu rectal réflexes refus régime
région régulier régulière réguliers rein rénale renouvellement repas repos reprise respiration respiratoire
respiratoires retard retour retrouve revenir revoir rhinite rhinorrhée rhume risque rouge rougeur rythme s sa
saignement saine sang sans santé saturation scolaire se sec sèche selles selon semaine semaines sensation
sensibilité sensible sept sérologie seul sévère si sibilants signale signe signes simple sirop six soif soins
soir sommeil son souffle soulagé souple sous souvent stable stade stationnaire sucre sueurs suite suivi suivie
suivre supérieur supérieure suppuration sur surcharge surveillance suspect suspicion symétrique symptomatique
symptôme symptômes syncope syndrome systolique tabac tabagisme tachycarde tachycardie taille température temps
tendu tension terme test tête thérapeutique thoracique tibia tolérance tout toute toux traité traitement
traitements transfert transit traumatisme tremblements très trois trouble troubles tuberculose type typique
ulcère un une unilatéral urée urgence urgences urinaire urinaires urines urticaire utérus va vaccin
vaccination vaccins valeurs varices vasculaire veille ventre vers vertébrale vertige vertiges vésicule vie
village virale visage vision visite visuel visuelle vitale vite vitesse voie voies voix vomi vomissement
vomissements vu vue y yeux zone
""".split()

ARABIC = """
أبيض أثناء أحيانا أخذ أخرى أدوية أذن أربعة أرق أسبوع أسبوعين أسفل أسنان أشعة أشهر أعراض أعطي أعلى أغشية أكثر
أكل ألم أم أمراض أمس أنف أو أول أي أيام أيسر أيمن إبرة إجهاد إحالة إحساس إذا إرهاق إسهال إصابة إعادة إعطاء
إغماء إفراز إفرازات إقياء إلى إمساك ابن اتصال اختبار ارتفاع ارتفع استجابة استشارة استعمال استفراغ اشتباه
اضطراب اضطرابات اعتلال التهاب الأب الأدوية الأذن الأسرة الأطراف الأعراض الألم الأم الأنف الأيسر الأيمن الإجهاد
الإسهال الالتهاب الامتناع البارحة البطن البلعوم البول التحاليل التحسن التخطيط التدخين التنفس التهابات الجانب
الجسم الجلد الجلدية الجهاز الحالة الحامل الحرارة الحرقة الحلق الحمل الحمى الحوض الخاصرة الدم الدواء الدوار
الدوخة الذراع الرأس الرئة الرئتين الرئوي الراحة الرضاعة الرقبة الركبة الركبتين الزكام الساق الساقين السعال
السكر السكري السابق السوائل الشرياني الشهية الصداع الصدر الصدري الصيام الضغط الضيق الطبيب الطبية الطعام الطفل
الطفلة الظهر العام العامة العائلة العظم العلاج العلامات العلاجية العمر العملية العنق العين العينين الغثيان
الفحص الفقر الفم القدم القدمين القصور القلب القلبية القيء الكبد الكتف الكلى الكلوي الكلية اللسان الليل الليلي
المتابعة المراقبة المرأة المرض المرضية المريض المريضة المستشفى المستعجلات المسكن المضاد المضادات المعدة
المفاصل المفصل المنزل النبض النزيف النفس النفسية النوم النتائج الوجه الورك الوزن الوعي اليد اليدين اليسرى
اليمنى اليوم انتظار انتفاخ انخفاض بارد باراسيتامول باستمرار بأس بالألم بالتهاب بالراحة بالضغط بالليل بالمستشفى
بالنهار بدأ بدأت بدون بسبب بسيط بسيطة بشدة بشكل بصرية بطنية بعد بعض بلغم بلا به بها بول بين تاريخ تبول تتحسن
تتناول تحاليل تحت تحسن تحسنت تخطيط تشخيص تشنج تشوش تضخم تظهر تعاني تعب تعرق تقرح تقريبا تقييم تكرار تم تمت
تناول تنفس تنفسي تورم توصيات ثلاث ثلاثة ثم جاء جاءت جاف جافة جانب جدا جرح جرعة جلد جلدي جلدية جهاز جيد جيدة
حاد حادة حالة حالته حالتها حامل حبة حبوب حتى حديث حرارة حرقان حرقة حساسية حسب حقنة حكة حمى حول حيث خارج خاصة
خفيف خفيفة خلال خمسة دائم داخل دافئ درجة دقات دقيقة دكتور دم دموي دواء دوار دون ذلك رأس راحة رضيع رعشة رقم
زيادة زيارة ساعات ساعة سابق سابقة ساق سبب سريع سعال سكري سلبي سليم سليمة سن سنة سنوات سوائل سوء شاحب شخص شديد
شديدة شراب شهر شهرين شهية صباحا صحة صداع صدر صدرية صعوبة صغير صلب صوت صورة ضد ضربات ضعف ضغط ضيق طبي طبية طبيعي
طبيعية طفح طفل طفلة طفيف طويلة ظهر ظهرت ظهور عادي عادية عام عامة عاما عدة عدد عدم عدوى عرق عضلات عضلية على
عليه عليها عملية عن عند عندما عنيف عين غثيان غدا غير فحص فقدان فقر فوق في فيه فيها قبل قد قدم قرحة قصور قلب
قليل قوي قياس قيء كان كانت كبير كثرة كثير كسر كل كلا كما لا لأن لدى لديه لديها للبطن للصدر لم لمدة لها له لون
ليس ليلا مؤلم مؤلمة ما مانع مباشرة متابعة متعب متقطع متقطعة متكرر متكررة متوسط متوسطة مثل محمر محيط مدة مدخن
مرات مراجعة مراقبة مرة مرض مرضى مرهم مريض مريضة مزمن مزمنة مساء مستقر مستقرة مستمر مستمرة مسكن مصحوب مصحوبة
مضاد مضادات مضاعفات معتدل معدة معدل مع مفاجئ مفاصل مفتوح مقبول مكان ملاحظة ملغ من منتظم منتظمة منخفض منذ منزل
مناسب منع موجود موضعي موعد نبض نتيجة نحو نزلة نزيف نسبة نصائح نصف نظام نفس نفسي نقص نوبات نوبة نوم هو هي هذا
هذه واحد واحدة وجع وجود وزن وصف وصفة وصل وضع وظيفة وعي ولا ولم وقت وهو وهي يتحسن يتناول يجب يحتاج يد يزداد
يزيد يستطيع يشتكي يشعر يشكو يعاني يعالج يمكن ينام يوجد يوم يوما يوميا يومين
""".split()

ENGLISH = """
a abdomen abdominal about absent acute admission after allergy alert amoxicillin and any appetite arm aspirin
asthma at back bilateral bleeding blood bowel breath breathing but by calm care chest chills chronic clear
clinic complains control cough current daily days denies diabetes diarrhoea diet difficulty discharge
dizziness dose drug dry dyspnoea ear eyes exam examination family fatigue fever few find follow for from
general good had has he head headache heart her high his history home hours hypertension ibuprofen if improved
in infection intermittent is joint knee known left leg lesion loss low lower lungs medication metformin mild
moderate month months mother mouth murmur nausea neck night no none normal not now numbness oedema of on onset
oral orientated over pain palpable palpitations paracetamol past patient plan poor pregnancy pregnant present
pressure previous productive pulse rash recent red reduced referred regular rest review right same scar see
severe she shortness shoulder side sign since skin sleep smoker soft sore sound stable started stomach sudden
surgery sweating swelling swollen symptoms taking tender the throat tired to today treated treatment two ulcer
unit upper urgent urine vision visit vomiting walking was weak weakness week weeks weight well when with
without worse wound year years
""".split()

LETTERS = {"fr": FRENCH, "ar": ARABIC, "en": ENGLISH}
USUAL = {
    "fr": "de la le et les des à un une pas en pour avec du sur au par sans depuis est il elle a l d patient patiente"
    " douleur douleurs fièvre jours toux examen traitement ne que qui plus ans bon état général normal".split(),
    "ar": "في من على مع منذ لا ولا غير إلى عن بعد لم المريض المريضة ألم يعاني تعاني أيام الفحص العلاج الحرارة كان هذا"
    " طبيعي الضغط السكري يجب تم بدون".split(),
    "en": "the of and no with for to in is has patient pain since days on normal not history at".split(),
}
GIVEN = """
Abdellah Abdelkader Ahmed Aicha Ali Amal Anas Asmae Aziz Bouchra Driss Fadma Farid Fatiha Fatima Ghita Hafida
Hajar Hamid Hicham Hind Houria Ibrahim Ilham Imane Jamal Jamila Kamal Karima Khalid Laila Lahcen Latifa Loubna
Mbarek Mehdi Meryem Mina Mohamed Mostafa Mounir Nadia Najat Nora Othman Rabia Rahma Saad Said Salma Samira
Sanaa Siham Soufiane Soukaina Tarik Touria Yassine Zahra أحمد أمينة إبراهيم إدريس جميلة حسن حليمة خديجة زهراء
زينب سعيد سلمى سميرة عبدالله عزيز علي عمر فاطمة كريمة لطيفة محمد مريم مصطفى نادية نعيمة يوسف
""".split()
FAMILY = """
Aboulfadl Alaoui Amzil Azzouzi Belkacem Benjelloun Bennani Berrada Bouazza Chakir Cherkaoui Daoudi Fassi
Filali Ghazali Hajji Hamdaoui Haddad Idrissi Jabri Kabbaj Kettani Khaldi Lamrani Mansouri Mernissi Moussaoui
Naciri Ouazzani Ouali Rahmouni Rami Saidi Sebti Skalli Slaoui Tahiri Yacoubi Zaoui Ziani أمزيان الأزهري
الإدريسي البقالي التازي الحسني السعيدي الشرقاوي العلوي الفاسي المنصوري الناصري بناني حداد خالدي
""".split()
